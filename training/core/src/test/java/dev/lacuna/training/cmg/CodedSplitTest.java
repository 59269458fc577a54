package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Who has what, and what is refused. */
class CodedSplitTest {
  @Test
  void whoLacksAModalityHasNoCodesInIt() {
    int[][] image = {{0, 1}, null, {4, 5}};
    int[][] audio = {null, {2, 7}, {4, 3}};
    CodedSplit split = Coded.of(image, audio, null);
    assertArrayEquals(new int[] {0, 2}, split.having(0));
    assertArrayEquals(new int[] {2}, split.having(0, 1));
    assertArrayEquals(new int[] {0, 1, 4, 5}, split.codesOf(0, split.having(0)));
    assertEquals(8, split.codeCount());
    assertThrows(IllegalStateException.class, () -> split.stepLabelsOf(new int[] {0}));
    CodedSplit nothing = Coded.of(new int[][] {null}, new int[][] {null}, null);
    assertEquals(0, nothing.codeCount());
  }

  private static void refused(String wanted, Runnable split) {
    String message = assertThrows(IllegalArgumentException.class, split::run).getMessage();
    assertTrue(message.contains(wanted), message);
  }

  @Test
  void whatDoesNotFitTogetherIsNamed() {
    int[][] two = {{0, 1}};
    refused("want 2 codes", () -> Coded.of(two, new int[][] {{1}}, null));
    refused("none below 0", () -> Coded.of(two, new int[][] {{1, -1}}, null));
    int[][] rows = {{0, 1}, {0, 1}};
    refused("labels of 1 steps, want 2", () -> Coded.of(rows, rows, new int[][] {{0, 1}, {0}}));
    refused("labels of steps of 2 samples, want 1", () -> Coded.of(two, two, rows));
    refused("codes of 0 samples in audio", () -> Coded.of(two, new int[0][], null));
    int[][][] one = {two};
    refused(
        "codes of 1 modalities", () -> new CodedSplit(List.of("a", "b"), one, new int[1], null));
  }
}
