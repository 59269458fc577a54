package dev.lacuna.training.metrics;

import java.util.Arrays;

/**
 * Measures of decisions. One label a sample: the class of the highest score is predicted ({@link
 * Accuracy#argmax}). Many labels a sample: every class whose score exceeds a threshold is.
 *
 * <p>F1 = 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall (van Rijsbergen,
 * Information Retrieval, 1979). Macro F1 is its mean over all classes; a class that is neither
 * predicted nor a label anywhere counts as 0. Micro F1 is that of the counts summed over classes.
 * Both are scikit-learn's {@code f1_score} with {@code labels=range(classes)} and {@code
 * zero_division=0}.
 */
public final class Classification {
  private Classification() {}

  /**
   * How often each class was taken for each.
   *
   * @param scores [sample][class]
   * @param labels one a sample, in [0, classes)
   * @return counts [label][predicted]
   */
  public static int[][] confusionMatrix(double[][] scores, int[] labels) {
    Inputs.require(scores, labels);
    int[][] counts = new int[scores[0].length][scores[0].length];
    for (int i = 0; i < labels.length; i++) {
      counts[labels[i]][Accuracy.argmax(scores[i])]++;
    }
    return counts;
  }

  /**
   * Macro F1 where each sample has one label.
   *
   * @param scores [sample][class]
   * @param labels one a sample, in [0, classes)
   */
  public static double macroF1(double[][] scores, int[] labels) {
    return Counts.of(scores, labels).macroF1();
  }

  /**
   * Macro F1 where each sample has any number of labels.
   *
   * @param scores [sample][class]
   * @param labels [sample][class]
   * @param threshold a class is predicted above it: 0.5 for probabilities, 0 for logits
   */
  public static double macroF1(double[][] scores, boolean[][] labels, double threshold) {
    return Counts.of(scores, labels, threshold).macroF1();
  }

  /** Micro F1 where each sample has one label; it is the accuracy. */
  public static double microF1(double[][] scores, int[] labels) {
    return Counts.of(scores, labels).microF1();
  }

  /** Micro F1 where each sample has any number of labels; arguments as in macro F1. */
  public static double microF1(double[][] scores, boolean[][] labels, double threshold) {
    return Counts.of(scores, labels, threshold).microF1();
  }

  /**
   * Counts by class.
   *
   * @param hits samples that have the class and for which it is predicted: TP
   * @param claims samples that have the class plus samples for which it is predicted: 2 TP + FP +
   *     FN
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of counts, never compared
  private record Counts(long[] hits, long[] claims) {
    static Counts of(double[][] scores, int[] labels) {
      Inputs.require(scores, labels);
      int[] predicted = Arrays.stream(scores).mapToInt(Accuracy::argmax).toArray();
      int classes = scores[0].length;
      return of(Inputs.oneHot(predicted, classes), Inputs.oneHot(labels, classes));
    }

    static Counts of(double[][] scores, boolean[][] labels, double threshold) {
      Inputs.require(scores, labels);
      if (Double.isNaN(threshold)) {
        throw new IllegalArgumentException("threshold is NaN, want a number");
      }
      boolean[][] predicted = new boolean[scores.length][scores[0].length];
      for (int i = 0; i < scores.length; i++) {
        for (int c = 0; c < scores[i].length; c++) {
          predicted[i][c] = scores[i][c] > threshold;
        }
      }
      return of(predicted, labels);
    }

    private static Counts of(boolean[][] predicted, boolean[][] labels) {
      int classes = labels[0].length;
      Counts counts = new Counts(new long[classes], new long[classes]);
      for (int i = 0; i < labels.length; i++) {
        for (int c = 0; c < classes; c++) {
          counts.hits[c] += predicted[i][c] && labels[i][c] ? 1 : 0;
          counts.claims[c] += (predicted[i][c] ? 1 : 0) + (labels[i][c] ? 1 : 0);
        }
      }
      return counts;
    }

    double macroF1() {
      double sum = 0;
      for (int c = 0; c < hits.length; c++) {
        sum += f1(hits[c], claims[c]);
      }
      return sum / hits.length;
    }

    double microF1() {
      return f1(Arrays.stream(hits).sum(), Arrays.stream(claims).sum());
    }

    private static double f1(long hits, long claims) {
      return claims == 0 ? 0 : 2.0 * hits / claims;
    }
  }
}
