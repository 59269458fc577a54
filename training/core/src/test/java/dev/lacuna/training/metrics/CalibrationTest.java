package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CalibrationTest {
  /**
   * Five bins. (0.4, 0.6]: confidences 0.5 wrong, 0.6 right: |1 - 1.1|. (0.6, 0.8]: 0.7 right, 0.8
   * wrong: |1 - 1.5|. (0.8, 1]: 0.9 right: |1 - 0.9|. Together 0.7 over 5 samples. With one bin: 3
   * right, confidence 3.5.
   */
  @Test
  void errorIsTheGapOfEachBinWeightedByItsSamples() {
    double[][] probabilities = {
      {0.5, 0.25, 0.25}, {0.2, 0.2, 0.6}, {0.1, 0.7, 0.2}, {0.8, 0.2, 0}, {0.05, 0.05, 0.9}
    };
    int[] labels = {1, 2, 1, 1, 2};
    assertEquals(0.7 / 5, Calibration.ece(probabilities, labels, 5), 1e-15);
    assertEquals(0.5 / 5, Calibration.ece(probabilities, labels, 1), 1e-15);
  }

  /**
   * Fifteen bins put 14/15 and what lies just above it apart: right, wrong, gaps 1/15 and 14/15.
   */
  @Test
  void aConfidenceOnAnEdgeBelongsToTheBinBelow() {
    double edge = 14.0 / 15;
    double above = Math.nextUp(edge);
    double[][] probabilities = {{edge, 1 - edge}, {above, 1 - above}};
    int[] labels = {0, 1};
    assertEquals(0.5, Calibration.ece(probabilities, labels), 1e-15);
    // In one bin the gaps cancel: one right of two, confidence 14/15.
    double[][] same = {{edge, 1 - edge}, {edge, 1 - edge}};
    assertEquals(edge - 0.5, Calibration.ece(same, labels), 1e-15);
  }

  /** Of five samples at 0.8 four are right; certainty is right, or errs wholly. */
  @Test
  void whatIsRightAsOftenAsItSaysHasNoError() {
    double[] row = {0.8, 0.2};
    double[][] probabilities = {row, row, row, row, row};
    assertEquals(0, Calibration.ece(probabilities, new int[] {0, 0, 1, 0, 0}), 1e-15);
    double[][] certain = {{1, 0}, {0, 1}};
    assertEquals(0, Calibration.ece(certain, new int[] {0, 1}));
    assertEquals(1, Calibration.ece(certain, new int[] {1, 0}));
  }

  @ParameterizedTest
  @CsvSource({"2, -1", "0.5, 0.6", "3, 4", "0, 0", "Infinity, 0"})
  void whatIsNoDistributionIsRefused(double first, double second) {
    double[][] scores = {{0.5, 0.5}, {first, second}};
    int[] labels = {0, 0};
    String message =
        assertThrows(IllegalArgumentException.class, () -> Calibration.ece(scores, labels))
            .getMessage();
    assertTrue(message.contains("sample 1 are no probabilities"), message);
  }

  @Test
  void thereMustBeABin() {
    double[][] scores = {{0.5, 0.5}};
    int[] labels = {0};
    assertThrows(IllegalArgumentException.class, () -> Calibration.ece(scores, labels, 0));
  }
}
