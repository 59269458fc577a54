package dev.lacuna.training.progress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, UTF_8);

  @Test
  void plainLinesSayHowFarHowFastHowLongAndTheMessage() {
    Progress progress = new PlainProgress(out, Duration.ZERO);
    try (Progress.Task task = progress.start("epoch 1", 40)) {
      task.message("loss 0.25");
      task.step(10);
      task.step(30);
    }
    List<String> lines = bytes.toString(UTF_8).lines().toList();
    assertEquals(3, lines.size());
    assertTrue(
        lines.get(0).matches("epoch 1 10/40, [\\d.]+/s, \\d+ s left, loss 0\\.25"), lines.get(0));
    assertTrue(
        lines.get(2).matches("epoch 1 40/40, [\\d.]+/s, [\\d.]+ s, loss 0\\.25"), lines.get(2));
  }

  @Test
  void plainLinesAreFew() {
    try (Progress.Task task = new PlainProgress(out).start("clips", 1_000)) {
      for (int i = 0; i < 1_000; i++) {
        task.step(1);
      }
    }
    assertEquals(1, bytes.toString(UTF_8).lines().count());
  }

  @Test
  void aBarShowsNameCountAndMessage() {
    Progress progress = new TerminalProgress(out);
    progress.note("a note");
    try (Progress.Task task = progress.start("epoch 1", 40)) {
      task.step(40);
      task.message("loss 0.25");
    }
    String text = bytes.toString(UTF_8);
    assertTrue(text.startsWith("a note\n"), text);
    assertTrue(text.contains("epoch 1") && text.contains("40/40"), text);
    assertTrue(text.contains("loss 0.25"), text);
  }
}
