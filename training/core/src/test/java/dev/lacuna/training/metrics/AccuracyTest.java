package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccuracyTest {
  private static final double NAN = Double.NaN;

  @Test
  void theHighestScoreWinsAndTheLowestClassOnTies() {
    assertEquals(1, Accuracy.argmax(new double[] {0.1, 0.7, 0.2}));
    assertEquals(0, Accuracy.argmax(new double[] {0.5, 0.2, 0.5}));
    assertEquals(1, Accuracy.argmax(new double[] {-3, -1, -1}));
    assertEquals(0, Accuracy.argmax(new double[] {0.0, -0.0, 0.0}));
    double infinity = Double.POSITIVE_INFINITY;
    assertEquals(2, Accuracy.argmax(new double[] {1e300, -infinity, infinity}));
  }

  @Test
  void nanNeverWins() {
    assertEquals(1, Accuracy.argmax(new double[] {NAN, -5, -6}));
    assertEquals(0, Accuracy.argmax(new double[] {-5, NAN, -6}));
    assertEquals(2, Accuracy.argmax(new double[] {-6, NAN, -5}));
    assertEquals(1, Accuracy.argmax(new double[] {NAN, Double.NEGATIVE_INFINITY, NAN}));
    assertEquals(-1, Accuracy.argmax(new double[] {NAN, NAN}));
  }

  @Test
  void accuracyIsTheShareOfRightSamples() {
    double[][] scores = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {0, 0, 0}};
    assertEquals(3 / 5.0, Accuracy.of(scores, new int[] {0, 2, 2, 0, 1}));
    assertEquals(0, Accuracy.of(new double[][] {{1, 2}}, new int[] {0}));
    assertEquals(1, Accuracy.of(new double[][] {{2, 1}}, new int[] {0}));
  }

  /** Newcombe, Statistics in Medicine 1998, table I, method 3; ends mirrored for the last two. */
  @ParameterizedTest
  @CsvSource({
    "81, 263, 0.2553, 0.3662",
    "15, 148, 0.0624, 0.1605",
    "0, 20, 0.0000, 0.1611",
    "1, 29, 0.0061, 0.1718",
    "20, 20, 0.8389, 1.0000",
    "28, 29, 0.8282, 0.9939"
  })
  void wilsonIntervalsAreThoseOfNewcombe(int right, int n, double low, double high) {
    double[] interval = Accuracy.wilson((double) right / n, n);
    assertEquals(low, interval[0], 5e-5);
    assertEquals(high, interval[1], 5e-5);
  }
}
