package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The folder that prepared data lives in, outside the sources. */
public final class DataFolder {
  private static final System.Logger LOG = System.getLogger(DataFolder.class.getName());

  private DataFolder() {}

  /** {@code $XDG_CACHE_HOME/lacuna}, or {@code ~/.cache/lacuna} where that is not set. */
  public static Path standard() {
    String cache = System.getenv("XDG_CACHE_HOME");
    // the XDG specification has relative paths ignored
    return cache != null && Path.of(cache).isAbsolute()
        ? Path.of(cache, "lacuna")
        : Path.of(System.getProperty("user.home"), ".cache", "lacuna");
  }

  /** Work in an empty folder that belongs to this process alone. */
  interface Work {
    void in(Path staging) throws IOException;
  }

  /** Fills a new folder. */
  public interface Filling {
    /**
     * Does the work.
     *
     * @param staging for files of its own that go afterwards
     * @param filled the folder, empty
     */
    void of(Path staging, Path filled) throws IOException;
  }

  /** Makes a folder in a data folder, whole or not at all, where it is not there. */
  public static void make(Path folder, String name, Filling filling) {
    Path target = folder.resolve(name);
    if (Files.exists(target)) {
      return;
    }
    stage(
        folder,
        staging -> {
          // another process may have made it while this one waited
          if (!Files.exists(target)) {
            Path filled = Files.createDirectory(staging.resolve(name));
            filling.of(staging, filled);
            Files.move(filled, target, StandardCopyOption.ATOMIC_MOVE);
          }
        });
  }

  /**
   * Does work in {@code <folder>/staging}, one process and thread at a time, and removes it
   * afterwards. What a killed run left there goes first.
   */
  static synchronized void stage(Path folder, Work work) {
    Path staging = folder.resolve("staging");
    try {
      Files.createDirectories(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve("staging.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        delete(staging);
        Files.createDirectory(staging);
        try {
          work.in(staging);
        } finally {
          deleteQuietly(staging);
        }
      }
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, folder + ": data folder cannot be used: " + e, e);
    }
  }

  /** After a failure other threads may still write there; what stays goes at the next start. */
  private static void deleteQuietly(Path tree) {
    try {
      delete(tree);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, () -> tree + " is left over: " + e);
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> paths = Files.walk(tree)) {
      deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : deepestFirst) {
      Files.delete(path);
    }
  }
}
