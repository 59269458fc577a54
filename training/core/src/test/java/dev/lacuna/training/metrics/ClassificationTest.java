package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class ClassificationTest {
  /** Predicted 0, 0, 1, 1, 1 (a tie goes to the lowest); class 2 is a label, class 3 nothing. */
  private static final double[][] SCORES = {
    {9, 1, 0, 0}, {5, 5, 5, 0}, {-2, -1, -3, -4}, {0, 1, 0, 0}, {0, 1, 0, 0}
  };

  private static final int[] LABELS = {0, 1, 1, 1, 2};

  @Test
  void aRowOfTheConfusionMatrixSaysWhatItsClassWasTakenFor() {
    int[][] wanted = {{1, 0, 0, 0}, {1, 2, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}};
    assertArrayEquals(wanted, Classification.confusionMatrix(SCORES, LABELS));
  }

  /** F1 = 2/(2+1), 4/(4+1+1), 0/(0+1), 0: mean 1/3. Summed, TP 3, FP 2, FN 2: 6/10. */
  @Test
  void f1CountsAClassThatIsNowhereAsZero() {
    assertEquals(1 / 3.0, Classification.macroF1(SCORES, LABELS), 1e-15);
    assertEquals(0.6, Classification.microF1(SCORES, LABELS), 1e-15);
    assertEquals(Accuracy.of(SCORES, LABELS), Classification.microF1(SCORES, LABELS), 1e-15);
  }

  /**
   * Above 0: {0}, {}, {0, 1}; labelled {0, 1}, {}, {0}. F1 = 1 and 0/(0+1+1): mean 1/2. Summed, TP
   * 2, FP 1, FN 1: 4/6. A score of the threshold is not above it.
   */
  @Test
  void aSampleMayHaveManyLabels() {
    double[][] logits = {{1, -1}, {0, 0}, {2, 1e-9}};
    boolean[][] labels = {{true, true}, {false, false}, {true, false}};
    assertEquals(0.5, Classification.macroF1(logits, labels, 0), 1e-15);
    assertEquals(2 / 3.0, Classification.microF1(logits, labels, 0), 1e-15);
    assertEquals(0, Classification.microF1(logits, new boolean[3][2], 5));
  }

  @Test
  void aThresholdThatIsNaNIsRefused() {
    double[][] scores = {{1}};
    boolean[][] labels = {{true}};
    assertThrows(
        IllegalArgumentException.class, () -> Classification.macroF1(scores, labels, Double.NaN));
  }
}
