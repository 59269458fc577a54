package dev.lacuna.benchmarks;

import java.util.Arrays;
import java.util.Collection;

/**
 * Median and range of repeated timings.
 *
 * @param median the middle one, or the mean of the two
 * @param least the smallest
 * @param most the largest
 * @param count how many there were
 */
public record Spread(double median, double least, double most, int count) {
  /** Of at least one value. */
  public static Spread of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no values");
    }
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1], sorted.length);
  }

  /** The exponent b of the power a x^b that fits best in logarithms, by least squares. */
  public static double slope(double[] x, double[] y) {
    if (x.length != y.length || x.length < 2) {
      throw new IllegalArgumentException(
          x.length + " and " + y.length + " values, want 2 or more pairs");
    }
    double[] logX = Arrays.stream(x).map(Math::log).toArray();
    double[] logY = Arrays.stream(y).map(Math::log).toArray();
    double meanX = Arrays.stream(logX).average().orElse(0);
    double meanY = Arrays.stream(logY).average().orElse(0);
    double products = 0;
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      products += (logX[i] - meanX) * (logY[i] - meanY);
      squares += (logX[i] - meanX) * (logX[i] - meanX);
    }
    return products / squares;
  }
}
