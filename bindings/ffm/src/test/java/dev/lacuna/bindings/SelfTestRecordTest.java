package dev.lacuna.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.bindings.SelfTestRecord.Outcome;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SelfTestRecordTest {
  private static final Duration PATIENCE = Duration.ofMillis(100);

  @TempDir private Path root;
  private final AtomicInteger runs = new AtomicInteger();

  private Outcome once(String key, Supplier<String> test) throws IOException {
    return SelfTestRecord.once(
        root,
        key,
        PATIENCE,
        () -> {
          runs.incrementAndGet();
          return test.get();
        });
  }

  private Path file() throws IOException {
    try (var files = Files.list(root.resolve("selftest"))) {
      return files.findFirst().orElseThrow();
    }
  }

  @Test
  void whatPassedIsNotRunAgainAndAnotherDeviceIs() throws IOException {
    assertTrue(once("one", () -> "").passed());
    assertTrue(once("one", () -> "no").passed());
    assertEquals(1, runs.get());
    assertFalse(once("two", () -> "sums are wrong").passed());
    assertEquals(2, runs.get());
  }

  @Test
  void whatFailedSaysWhyAndWhichFileToDelete() throws IOException {
    once("one", () -> "sums are wrong");
    Outcome outcome = once("one", () -> "");
    assertEquals(
        "self-test failed: sums are wrong; delete " + file() + " to repeat it", outcome.text());
    Files.delete(file());
    assertTrue(once("one", () -> "").passed());
  }

  @Test
  void aTestThatCouldNotBeFinishedIsRunAgain() throws IOException {
    assertThrows(
        IllegalStateException.class,
        () ->
            once(
                "one",
                () -> {
                  throw new IllegalStateException("no room");
                }));
    assertEquals("", Files.readString(file()));
    assertTrue(once("one", () -> "").passed());
    assertEquals(2, runs.get());
  }

  @Test
  void aTestThatEndedItsProcessCountsAsFailed() throws IOException {
    once("one", () -> "");
    Files.writeString(file(), "running\none");
    assertTrue(once("one", () -> "").text().contains("did not live to its end"));
    assertEquals(1, runs.get());
  }

  @Test
  void aTestThatIsUnderWayElsewhereIsNotWaitedForWithoutEnd() throws IOException {
    once("one", () -> "");
    try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertTrue(lock.isValid());
      Outcome outcome = once("one", () -> "");
      assertFalse(outcome.passed());
      assertTrue(outcome.text().contains("under way elsewhere"), outcome.text());
    }
    assertTrue(once("one", () -> "").passed());
  }
}
