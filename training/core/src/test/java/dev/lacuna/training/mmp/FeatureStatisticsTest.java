package dev.lacuna.training.mmp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.metrics.Cosines;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Numbers of features made by hand. */
class FeatureStatisticsTest {
  @Test
  void whatPointsTheSameWayHasACosineOfOne() {
    double[][] truth = {{1, 0, 0}, {0, 2, 0}, {3, 0, 4}};
    double[][] predicted = {{7, 0, 0}, {0, -1, 0}, {0, 0, 0}};
    double[][] cosines = Cosines.of(predicted, truth);
    assertArrayEquals(new double[] {1, -1, 0}, FeatureStatistics.own(cosines), 1e-15);
    assertArrayEquals(new double[] {0, 0.6, 0, 0, 0, 0}, FeatureStatistics.others(cosines), 1e-15);
  }

  /** The reason to look at others: the constant is near to everyone and tells nobody apart. */
  @Test
  void aConstantIsAsNearToOthersAsToItsOwn() {
    double[][] truth = normal(40, 6, 1);
    double[][] constant = new double[40][];
    Arrays.fill(constant, new double[] {5, 5, 5, 5, 5, 5});
    for (double[] row : truth) {
      Arrays.setAll(row, k -> row[k] + 5);
    }
    double[][] cosines = Cosines.of(constant, truth);
    double own = Arrays.stream(FeatureStatistics.own(cosines)).average().orElseThrow();
    double others = Arrays.stream(FeatureStatistics.others(cosines)).average().orElseThrow();
    assertTrue(own > 0.9, "cosine " + own);
    assertEquals(own, others, 1e-12);
    assertArrayEquals(new double[6], FeatureStatistics.deviations(constant));
    assertEquals(0, FeatureStatistics.effectiveRank(FeatureStatistics.spectrum(constant)));
  }

  @Test
  void deviationsFallAndAreBetweenSamples() {
    double[][] features = {{1, 5, 0}, {1, -5, 3}};
    assertArrayEquals(
        new double[] {Math.sqrt(50), Math.sqrt(4.5), 0},
        FeatureStatistics.deviations(features),
        1e-14);
  }

  @Test
  void theSpectrumIsThatOfTheTurnedAxes() {
    // variances 8 and 2 along the diagonals
    double[][] features = {{2, 2}, {-2, -2}, {1, -1}, {-1, 1}};
    assertArrayEquals(
        new double[] {16 / 3.0, 4 / 3.0}, FeatureStatistics.spectrum(features), 1e-14);
    assertArrayEquals(
        new double[] {2}, FeatureStatistics.spectrum(new double[][] {{1}, {3}}), 1e-14);
  }

  @Test
  void aFewSamplesVaryInFewDirections() {
    double[] spectrum = FeatureStatistics.spectrum(normal(4, 9, 2));
    assertEquals(4, spectrum.length);
    assertTrue(spectrum[2] > 0.1, Arrays.toString(spectrum));
    assertEquals(0, spectrum[3], 1e-14);
  }

  @Test
  void theSpectrumHasTheTraceOfTheCovariance() {
    double[][] features = normal(50, 8, 3);
    assertEquals(
        Arrays.stream(FeatureStatistics.deviations(features)).map(v -> v * v).sum(),
        Arrays.stream(FeatureStatistics.spectrum(features)).sum(),
        1e-12);
  }

  @Test
  void equalEigenvaluesCountAndOthersCountLess() {
    assertEquals(4, FeatureStatistics.effectiveRank(new double[] {3, 3, 3, 3, 0, 0}), 1e-12);
    assertEquals(1, FeatureStatistics.effectiveRank(new double[] {7, 0, 0}), 1e-12);
    // entropy of (1/2, 1/4, 1/4) is 3/2 bits
    assertEquals(Math.pow(2, 1.5), FeatureStatistics.effectiveRank(new double[] {2, 1, 1}), 1e-12);
  }

  private static double[][] normal(int rows, int width, int stream) {
    CounterRandom random = new CounterRandom(3, stream, 0);
    double[][] values = new double[rows][width];
    for (int i = 0; i < rows * width; i++) {
      values[i / width][i % width] = random.normal(i);
    }
    return values;
  }
}
