package dev.lacuna.training.metrics;

import java.util.Arrays;

/** Measures of how far predicted probabilities can be trusted. */
public final class Calibration {
  /** Bins of {@link #ece(double[][], int[])}, as in Guo et al. */
  public static final int DEFAULT_BINS = 15;

  /** Room for probabilities rounded to half precision, none for logits. */
  private static final double SUM_TOLERANCE = 1e-3;

  private Calibration() {}

  /** Expected calibration error over {@value #DEFAULT_BINS} bins. */
  public static double ece(double[][] probabilities, int[] labels) {
    return ece(probabilities, labels, DEFAULT_BINS);
  }

  /**
   * Expected calibration error (Guo et al., On Calibration of Modern Neural Networks, ICML 2017,
   * equation 3): the sum over bins of |B| / n |accuracy(B) - confidence(B)|. A sample's confidence
   * is its highest probability; bin m of M holds the confidences in ((m - 1) / M, m / M].
   *
   * @param probabilities [sample][class], rows sum to 1
   * @param labels one a sample, in [0, classes)
   * @param bins equally wide, at least 1
   * @return between 0 (calibrated) and 1
   */
  public static double ece(double[][] probabilities, int[] labels, int bins) {
    if (bins < 1) {
      throw new IllegalArgumentException("bins is " + bins + ", want at least 1");
    }
    Inputs.require(probabilities, labels);
    double[] edges = new double[bins + 1];
    Arrays.setAll(edges, m -> (double) m / bins);
    // By bin: right samples less their confidences.
    double[] gap = new double[bins + 1];
    for (int i = 0; i < labels.length; i++) {
      requireDistribution(probabilities[i], i);
      int predicted = Accuracy.argmax(probabilities[i]);
      double confidence = Math.min(1, probabilities[i][predicted]);
      int edge = Arrays.binarySearch(edges, confidence);
      gap[edge < 0 ? -edge - 1 : edge] += (predicted == labels[i] ? 1 : 0) - confidence;
    }
    return Arrays.stream(gap).map(Math::abs).sum() / labels.length;
  }

  private static void requireDistribution(double[] row, int sample) {
    double sum = 0;
    double lowest = 0;
    for (double p : row) {
      sum += p;
      lowest = Math.min(lowest, p);
    }
    if (lowest < 0 || !(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
      throw new IllegalArgumentException(
          "scores of sample "
              + sample
              + " are no probabilities: lowest "
              + lowest
              + ", sum "
              + sum
              + ", want none below 0 and sum 1");
    }
  }
}
