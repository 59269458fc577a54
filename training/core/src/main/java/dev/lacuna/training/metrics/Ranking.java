package dev.lacuna.training.metrics;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Measures of how well scores rank the samples that have a class above those that lack it. Only the
 * order of scores counts, so logits serve as well as probabilities. The forms with one label a
 * sample take each class against the rest. A class for which a measure is undefined is an error,
 * not left out: means over different classes cannot be compared.
 */
public final class Ranking {
  private Ranking() {}

  /**
   * Area under the receiver operating characteristic: the chance that a positive sample scores
   * above a negative one, a tie counting one half (Hanley and McNeil, Radiology 1982); the {@code
   * roc_auc_score} of scikit-learn.
   *
   * @param scores by sample
   * @param positive by sample; at least one is and one is not
   */
  public static double auroc(double[] scores, boolean[] positive) {
    return macroAuroc(column(scores), column(positive));
  }

  /**
   * Mean over classes of {@link #auroc} of the class against the rest.
   *
   * @param scores [sample][class]
   * @param labels one a sample, in [0, classes); each class occurs, and not alone
   */
  public static double macroAuroc(double[][] scores, int[] labels) {
    Inputs.require(scores, labels);
    return macroAuroc(scores, Inputs.oneHot(labels, scores[0].length));
  }

  /**
   * Mean over classes of {@link #auroc}.
   *
   * @param scores [sample][class]
   * @param labels [sample][class]; each class has a positive and a negative sample
   */
  public static double macroAuroc(double[][] scores, boolean[][] labels) {
    return macro(
        scores,
        labels,
        (c, positives, negatives) -> {
          requireSome("positive", c, positives);
          requireSome("negative", c, negatives);
          // Twice the pairs in the right order: a negative below counts in both terms, a tie in
          // one.
          long halves = 0;
          int below = 0;
          int notAbove = 0;
          for (double positive : positives) {
            while (below < negatives.length && negatives[below] < positive) {
              below++;
            }
            while (notAbove < negatives.length && negatives[notAbove] <= positive) {
              notAbove++;
            }
            halves += below + notAbove;
          }
          return halves / (2.0 * positives.length * negatives.length);
        });
  }

  /**
   * Average precision: sum over distinct scores, from the highest, of (R_n - R_(n-1)) P_n with
   * precision P_n and recall R_n of what scores at least as much; no interpolation. The {@code
   * average_precision_score} of scikit-learn.
   *
   * @param scores by sample
   * @param positive by sample; at least one is
   */
  public static double averagePrecision(double[] scores, boolean[] positive) {
    return meanAveragePrecision(column(scores), column(positive));
  }

  /**
   * Mean over classes of {@link #averagePrecision} of the class against the rest.
   *
   * @param scores [sample][class]
   * @param labels one a sample, in [0, classes); each class occurs
   */
  public static double meanAveragePrecision(double[][] scores, int[] labels) {
    Inputs.require(scores, labels);
    return meanAveragePrecision(scores, Inputs.oneHot(labels, scores[0].length));
  }

  /**
   * Mean over classes of {@link #averagePrecision}.
   *
   * @param scores [sample][class]
   * @param labels [sample][class]; each class has a positive sample
   */
  public static double meanAveragePrecision(double[][] scores, boolean[][] labels) {
    return macro(
        scores,
        labels,
        (c, positives, negatives) -> {
          requireSome("positive", c, positives);
          double sum = 0;
          int falsePositives = 0;
          int truePositives = 0;
          while (truePositives < positives.length) {
            double threshold = positives[positives.length - 1 - truePositives];
            int before = truePositives;
            while (truePositives < positives.length
                && positives[positives.length - 1 - truePositives] == threshold) {
              truePositives++;
            }
            while (falsePositives < negatives.length
                && negatives[negatives.length - 1 - falsePositives] >= threshold) {
              falsePositives++;
            }
            double precision = (double) truePositives / (truePositives + falsePositives);
            sum += (truePositives - before) * precision;
          }
          return sum / positives.length;
        });
  }

  /** A measure of one class from the scores of its samples and of the others, both ascending. */
  @FunctionalInterface
  private interface Measure {
    double of(int classIndex, double[] positives, double[] negatives);
  }

  private static double macro(double[][] scores, boolean[][] labels, Measure measure) {
    Inputs.require(scores, labels);
    return IntStream.range(0, scores[0].length)
        .mapToDouble(c ->
            measure.of(c, ascending(scores, labels, c, true), ascending(scores, labels, c, false)))
        .average()
        .orElseThrow();
  }

  private static double[] ascending(double[][] scores, boolean[][] labels, int c, boolean label) {
    return IntStream.range(0, scores.length)
        .filter(i -> labels[i][c] == label)
        .mapToDouble(i -> scores[i][c])
        .sorted()
        .toArray();
  }

  private static void requireSome(String what, int classIndex, double[] samples) {
    if (samples.length == 0) {
      throw new IllegalArgumentException(
          "class " + classIndex + " has no " + what + " sample, want at least one");
    }
  }

  private static double[][] column(double[] values) {
    return Arrays.stream(values).mapToObj(value -> new double[] {value}).toArray(double[][]::new);
  }

  private static boolean[][] column(boolean[] values) {
    boolean[][] column = new boolean[values.length][1];
    for (int i = 0; i < values.length; i++) {
      column[i][0] = values[i];
    }
    return column;
  }
}
