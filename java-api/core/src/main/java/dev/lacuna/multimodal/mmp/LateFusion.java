package dev.lacuna.multimodal.mmp;

import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * How the predictions of all heads become one. Kim and Kim's text says that predictions are
 * combined, at one place by their maximum; which operator their tables use is not known.
 */
public enum LateFusion {
  /** Mean of the logits. */
  MEAN_LOGITS,
  /** The largest logit of each class. */
  MAX_LOGITS,
  /**
   * Logarithm of the mean of the softmax probabilities; where a sample may have several classes,
   * the logit of the mean of the sigmoid probabilities.
   */
  MEAN_PROB;

  /**
   * Scores of a sample that has one class.
   *
   * @param logits of each modality's head, one or more, [classes] each
   * @return [classes], of which a softmax makes probabilities
   */
  public double[] fuse(List<double[]> logits) {
    return fuse(logits, c -> logMean(logits, c));
  }

  /**
   * Scores of a sample that may have several classes, or none.
   *
   * @param logits of each modality's head, one or more, [classes] each
   * @return [classes], of which a sigmoid makes probabilities
   */
  public double[] fuseMultiLabel(List<double[]> logits) {
    return fuse(logits, c -> logitOfMean(logits, c));
  }

  private double[] fuse(List<double[]> logits, IntToDoubleFunction meanProbability) {
    double[] fused = new double[logits.getFirst().length];
    for (int c = 0; c < fused.length; c++) {
      int of = c;
      fused[c] =
          switch (this) {
            case MEAN_LOGITS -> logits.stream().mapToDouble(z -> z[of]).average().orElseThrow();
            case MAX_LOGITS -> logits.stream().mapToDouble(z -> z[of]).max().orElseThrow();
            case MEAN_PROB -> meanProbability.applyAsDouble(c);
          };
    }
    return fused;
  }

  /** log p / (1 - p) of the mean p, both from logarithms: neither p nor 1 - p rounds to 0. */
  private static double logitOfMean(List<double[]> logits, int c) {
    return logSumExp(logits.stream().mapToDouble(z -> logSigmoid(z[c])).toArray())
        - logSumExp(logits.stream().mapToDouble(z -> logSigmoid(-z[c])).toArray());
  }

  private static double logSigmoid(double x) {
    return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
  }

  private static double logMean(List<double[]> logits, int c) {
    double[] logs = logits.stream().mapToDouble(z -> z[c] - logSumExp(z)).toArray();
    return logSumExp(logs) - Math.log(logs.length);
  }

  private static double logSumExp(double[] x) {
    double most = Double.NEGATIVE_INFINITY;
    for (double value : x) {
      most = Math.max(most, value);
    }
    double sum = 0;
    for (double value : x) {
      sum += Math.exp(value - most);
    }
    return most + Math.log(sum);
  }
}
