package dev.lacuna.training.report;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps a second run out of a folder; the system frees it when the process dies. */
public final class FolderLock {
  private static final System.Logger LOG = System.getLogger(FolderLock.class.getName());
  private static final String NAME = ".lock";

  /** Held by this process, which would lose its lock by opening and closing the file once more. */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final Path file;
  private final FileChannel channel;

  private FolderLock(Path folder, Path file, FileChannel channel) {
    this.folder = folder;
    this.file = file;
    this.channel = channel;
  }

  /** Whether a file is only there to be locked. */
  public static boolean isLock(Path file) {
    return file.endsWith(NAME);
  }

  /**
   * Locks a folder.
   *
   * @throws LacunaException where another run holds it
   */
  public static FolderLock take(Path folder) throws IOException {
    Path real = folder.toRealPath();
    if (!HELD.add(real)) {
      throw inUse(folder);
    }
    FileChannel channel = null;
    FolderLock taken = null;
    try {
      Path file = folder.resolve(NAME);
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      // A run that ended meanwhile has removed its file, whose lock keeps nobody out.
      if (channel.tryLock() == null || !Files.exists(file)) {
        throw inUse(folder);
      }
      taken = new FolderLock(real, file, channel);
      return taken;
    } finally {
      if (taken == null) {
        HELD.remove(real);
        if (channel != null) {
          channel.close();
        }
      }
    }
  }

  private static LacunaException inUse(Path folder) {
    return new LacunaException(
        Status.INVALID_ARGUMENT, folder + " is in use: another run is training into it");
  }

  /** Lets others in. */
  public void release() {
    try (channel) {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "{0} is left over: {1}", file, e);
    } finally {
      HELD.remove(folder);
    }
  }
}
