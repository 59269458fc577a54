package dev.lacuna.training.metrics;

/** Measures of search: each query scores all items, one of which is right. */
public final class Retrieval {
  private Retrieval() {}

  /**
   * Recall at k: share of queries whose right item is among their k best, as in Karpathy and
   * Fei-Fei (CVPR 2015). Ties count against us: an item's rank is 1 plus the number of other items
   * that score at least as much, so equal scores for all find nothing.
   *
   * @param scores [query][item], higher is better
   * @param targets the right item of each query, in [0, items)
   * @param k at least 1
   */
  public static double recallAt(int k, double[][] scores, int[] targets) {
    if (k < 1) {
      throw new IllegalArgumentException("k is " + k + ", want at least 1");
    }
    Inputs.require(scores, targets);
    int found = 0;
    for (int i = 0; i < targets.length; i++) {
      int rank = 0;
      for (double score : scores[i]) {
        rank += score >= scores[i][targets[i]] ? 1 : 0;
      }
      found += rank <= k ? 1 : 0;
    }
    return (double) found / targets.length;
  }
}
