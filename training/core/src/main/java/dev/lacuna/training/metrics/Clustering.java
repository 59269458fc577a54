package dev.lacuna.training.metrics;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Measures of how well clusters agree with labels. */
public final class Clustering {
  private Clustering() {}

  /**
   * Normalised mutual information, I(U, V) / ((H(U) + H(V)) / 2) with I = H(U) + H(V) - H(U, V) and
   * entropies of the shares of samples (Strehl and Ghosh, JMLR 2002, with the arithmetic mean): the
   * {@code normalized_mutual_info_score} of scikit-learn. Any integers name clusters; which one
   * names which does not matter, nor which argument comes first.
   *
   * @param clusters one a sample
   * @param labels one a sample
   * @return from 0, independent, to 1, the same partition; 1 if neither splits the samples
   */
  public static double nmi(int[] clusters, int[] labels) {
    Inputs.requireSamples(clusters.length, labels.length);
    double both =
        entropy(Arrays.stream(clusters).asLongStream().toArray())
            + entropy(Arrays.stream(labels).asLongStream().toArray());
    if (both == 0) {
      return 1;
    }
    double joint =
        entropy(
            IntStream.range(0, labels.length)
                .mapToLong(i -> ((long) clusters[i] << Integer.SIZE) | (labels[i] & 0xffffffffL))
                .toArray());
    // Rounding can leave independent partitions a little below 0, equal ones a little above 1.
    return Math.clamp(2 * (both - joint) / both, 0, 1);
  }

  /** Entropy in nats of the shares of equal names; sorts them. */
  private static double entropy(long[] names) {
    Arrays.sort(names);
    double entropy = 0;
    int from = 0;
    for (int to = 1; to <= names.length; to++) {
      if (to == names.length || names[to] != names[from]) {
        double share = (double) (to - from) / names.length;
        entropy -= share * Math.log(share);
        from = to;
      }
    }
    return entropy;
  }
}
