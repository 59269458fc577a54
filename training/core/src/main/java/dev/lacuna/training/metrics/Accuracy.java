package dev.lacuna.training.metrics;

/** Share of samples whose highest score is their label's. */
public final class Accuracy {
  /** 97.5 % point of the normal distribution. */
  private static final double Z = 1.959963984540054;

  private Accuracy() {}

  /** Class of the highest score, lowest on ties; NaN never wins: all NaN gives -1, no class. */
  public static int argmax(double[] scores) {
    int best = -1;
    for (int c = 0; c < scores.length; c++) {
      if (best < 0 ? !Double.isNaN(scores[c]) : scores[c] > scores[best]) {
        best = c;
      }
    }
    return best;
  }

  /**
   * Accuracy of scores.
   *
   * @param scores [sample][class]; no NaN
   * @param labels one a sample, in [0, classes); at least one sample
   */
  public static double of(double[][] scores, int[] labels) {
    int count = 0;
    for (boolean one : right(scores, labels)) {
      count += one ? 1 : 0;
    }
    return (double) count / labels.length;
  }

  /** Whether each sample's highest score is its label's; the same is asked of the arguments. */
  public static boolean[] right(double[][] scores, int[] labels) {
    Inputs.require(scores, labels);
    boolean[] right = new boolean[labels.length];
    for (int i = 0; i < right.length; i++) {
      right[i] = argmax(scores[i]) == labels[i];
    }
    return right;
  }

  /** Wilson's 95 % interval of a share seen on n samples (Wilson, JASA 1927). */
  public static double[] wilson(double share, int n) {
    double z2 = Z * Z;
    double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z / (1 + z2 / n) * Math.sqrt(share * (1 - share) / n + z2 / (4.0 * n * n));
    return new double[] {Math.max(0, centre - half), Math.min(1, centre + half)};
  }
}
