package dev.lacuna.bindings;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of a self-test, kept in the user's cache folder so that one run serves all later
 * processes. The file says that the test runs before it does: one that says so while nobody holds
 * its lock is of a process that the test has ended.
 */
final class SelfTestRecord {
  private static final String RUNNING = "running";
  private static final String PASSED = "passed";
  private static final String FAILED = "failed: ";

  /**
   * What is known.
   *
   * @param passed whether the test found nothing wrong
   * @param text for people
   */
  record Outcome(boolean passed, String text) {}

  private SelfTestRecord() {}

  /**
   * The outcome of earlier, or that of running the test now.
   *
   * @param root cache folder
   * @param key what the test depends on
   * @param patience how long to wait for another process that runs it
   * @param test answers what is wrong, "" if nothing; what it throws is not kept
   * @throws IOException where nothing can be kept there
   */
  static synchronized Outcome once(Path root, String key, Duration patience, Supplier<String> test)
      throws IOException {
    Path folder = Files.createDirectories(root.resolve("selftest"));
    Path file = folder.resolve(NativeFiles.digest(key) + ".txt");
    try (FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        FileLock lock = lock(channel, patience)) {
      if (lock == null) {
        return new Outcome(
            false, "self-test has been under way elsewhere for " + patience.toSeconds() + " s");
      }
      String known = read(channel).lines().findFirst().orElse("");
      if (known.equals(RUNNING)) {
        known = FAILED + "the process that ran it did not live to its end";
        write(channel, known, key);
      } else if (known.isEmpty()) {
        known = run(channel, key, test);
        write(channel, known, key);
      }
      return known.equals(PASSED)
          ? new Outcome(true, "self-test passed")
          : new Outcome(false, "self-test " + known + "; delete " + file + " to repeat it");
    }
  }

  /** The lock of the file, or null where another process or class loader keeps it too long. */
  private static @Nullable FileLock lock(FileChannel channel, Duration patience)
      throws IOException {
    for (long start = System.nanoTime(); System.nanoTime() - start < patience.toNanos(); ) {
      try {
        FileLock lock = channel.tryLock();
        if (lock != null) {
          return lock;
        }
      } catch (OverlappingFileLockException e) {
        // another class loader of this process
      }
      LockSupport.parkNanos(20_000_000);
    }
    return null;
  }

  private static String run(FileChannel channel, String key, Supplier<String> test)
      throws IOException {
    // Ctrl-C is no failure of the device.
    Thread forget =
        new Thread(() -> {
          try {
            channel.truncate(0);
          } catch (IOException e) {
            // closed: the outcome is there, or has been forgotten
          }
        });
    Runtime.getRuntime().addShutdownHook(forget);
    Optional<String> wrong = Optional.empty();
    try {
      write(channel, RUNNING, key);
      wrong = Optional.of(test.get());
    } finally {
      if (wrong.isEmpty()) {
        channel.truncate(0);
      }
      try {
        Runtime.getRuntime().removeShutdownHook(forget);
      } catch (IllegalStateException e) {
        // the process is ending: the hook runs
      }
    }
    return wrong.get().isEmpty() ? PASSED : FAILED + wrong.get();
  }

  private static String read(FileChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(Math.min(channel.size(), 1 << 16)));
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {}
    return UTF_8.decode(bytes.flip()).toString();
  }

  private static void write(FileChannel channel, String outcome, String key) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap((outcome + "\n" + key).getBytes(UTF_8)), 0);
    channel.force(true);
  }
}
