package dev.lacuna.multimodal.cmg;

/** How the mutual information of semantic and specific features is estimated. */
public enum MutualInformation {
  /**
   * CLUBSample of CLUB's authors: the variance of each element is its own, its logarithm bounded by
   * tanh.
   */
  STANDARD,
  /** CMG's official code: one variance a sequence, exp of the mean of its steps' logarithms. */
  CMG,
  /**
   * As STANDARD without tanh: where that saturates at -1, users of CLUB found the estimate too
   * large and its gradient gone.
   */
  UNBOUNDED;

  boolean boundsVariance() {
    return this != UNBOUNDED;
  }
}
