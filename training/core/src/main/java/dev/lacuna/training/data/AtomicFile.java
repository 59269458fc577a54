package dev.lacuna.training.data;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** Files that are there whole or not at all. */
public final class AtomicFile {
  private static final System.Logger LOG = System.getLogger(AtomicFile.class.getName());

  private AtomicFile() {}

  /** Writes to a sibling, then moves it into place; a killed program leaves the old file. */
  public static void write(Path target, ByteBuffer content) {
    Path temporary =
        target.resolveSibling(
            "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    try {
      try (FileChannel out =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        while (content.hasRemaining()) {
          out.write(content);
        }
        out.force(true);
      }
      Files.move(temporary, target, ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (IOException e) {
      deleteQuietly(temporary, e);
      throw new LacunaException(Status.INVALID_ARGUMENT, target + ": cannot be written: " + e, e);
    }
  }

  /** Whether a file is what a program was writing, here or as safetensors, when it was killed. */
  private static boolean isTorn(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(".") && name.endsWith(".tmp");
  }

  /** Whether a file is what a program was writing by a name when it was killed. */
  public static boolean isTorn(Path file, String name) {
    return isTorn(file) && file.getFileName().toString().startsWith("." + name + ".");
  }

  /** Removes what killed programs were writing in a folder and the folders in it. */
  public static void removeTorn(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(AtomicFile::isTorn).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Forces a folder's names to disk, where the system lets a folder be opened. */
  public static void forceNames(Path folder) {
    try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
      names.force(true);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0}: names are not forced to disk: {1}", folder, e);
    }
  }

  private static void deleteQuietly(Path file, IOException cause) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
