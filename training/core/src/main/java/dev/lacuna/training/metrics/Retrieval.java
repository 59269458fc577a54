package dev.lacuna.training.metrics;

import java.util.Arrays;

/** Measures of search: each query scores all items, one of which is right. */
public final class Retrieval {
  private Retrieval() {}

  /**
   * Rank of the right item, 1 for the best. Ties count against us: it is 1 plus the number of other
   * items that score at least as much, so equal scores for all give the last rank.
   *
   * @param scores one an item, higher is better; no NaN
   * @param target the right item
   */
  public static int rank(double[] scores, int target) {
    return ranks(new double[][] {scores}, new int[] {target})[0];
  }

  /**
   * Rank of each query's right item, as {@link #rank}.
   *
   * @param scores [query][item], higher is better
   * @param targets the right item of each query, in [0, items)
   */
  public static int[] ranks(double[][] scores, int[] targets) {
    Inputs.require(scores, targets);
    int[] ranks = new int[targets.length];
    for (int i = 0; i < targets.length; i++) {
      for (double score : scores[i]) {
        ranks[i] += score >= scores[i][targets[i]] ? 1 : 0;
      }
    }
    return ranks;
  }

  /**
   * Recall at k: share of queries whose right item is among their k best, as in Karpathy and
   * Fei-Fei (CVPR 2015).
   *
   * @param scores [query][item], higher is better
   * @param targets the right item of each query, in [0, items)
   * @param k at least 1
   */
  public static double recallAt(int k, double[][] scores, int[] targets) {
    return recallAt(k, ranks(scores, targets));
  }

  /**
   * Recall at k of ranks that are known.
   *
   * @param k at least 1
   * @param ranks one a query, at least one
   */
  public static double recallAt(int k, int[] ranks) {
    if (k < 1) {
      throw new IllegalArgumentException("k is " + k + ", want at least 1");
    }
    Inputs.requireSamples(ranks.length, ranks.length);
    return Arrays.stream(ranks).filter(rank -> rank <= k).count() / (double) ranks.length;
  }

  /**
   * Median of ranks; of an even number the mean of the two in the middle.
   *
   * @param ranks one a query, at least one
   */
  public static double medianRank(int[] ranks) {
    Inputs.requireSamples(ranks.length, ranks.length);
    int[] sorted = ranks.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1
        ? sorted[middle]
        : (sorted[middle - 1] + (double) sorted[middle]) / 2;
  }
}
