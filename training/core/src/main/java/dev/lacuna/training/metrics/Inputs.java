package dev.lacuna.training.metrics;

/** What every metric asks of its input; anything else is an IllegalArgumentException. */
final class Inputs {
  private Inputs() {}

  /** Scores [sample][class] without NaN, and one label in [0, classes) a sample. */
  static void require(double[][] scores, int[] labels) {
    requireScores(scores, labels.length);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= scores[0].length) {
        throw new IllegalArgumentException(
            "label of sample " + i + " is " + labels[i] + ", want 0 to " + (scores[0].length - 1));
      }
    }
  }

  /** Scores [sample][class] without NaN, and labels of the same shape. */
  static void require(double[][] scores, boolean[][] labels) {
    requireScores(scores, labels.length);
    for (int i = 0; i < labels.length; i++) {
      requireWidth("labels", i, labels[i].length, scores[0].length);
    }
  }

  /** Equally many on both sides, and some. */
  static void requireSamples(int predictions, int labels) {
    if (predictions != labels || labels == 0) {
      throw new IllegalArgumentException(
          predictions + " predictions for " + labels + " labels, want equally many, at least one");
    }
  }

  private static void requireScores(double[][] scores, int labels) {
    requireSamples(scores.length, labels);
    for (int i = 0; i < scores.length; i++) {
      requireWidth("scores", i, scores[i].length, Math.max(1, scores[0].length));
      for (int c = 0; c < scores[i].length; c++) {
        if (Double.isNaN(scores[i][c])) {
          throw new IllegalArgumentException(
              "score " + c + " of sample " + i + " is NaN, want numbers");
        }
      }
    }
  }

  private static void requireWidth(String what, int sample, int width, int wanted) {
    if (width != wanted) {
      throw new IllegalArgumentException(
          "sample " + sample + " has " + width + " " + what + ", want " + wanted);
    }
  }

  /** Each sample's class as a row of one true among false. */
  static boolean[][] oneHot(int[] classOf, int classes) {
    boolean[][] rows = new boolean[classOf.length][classes];
    for (int i = 0; i < classOf.length; i++) {
      rows[i][classOf[i]] = true;
    }
    return rows;
  }
}
