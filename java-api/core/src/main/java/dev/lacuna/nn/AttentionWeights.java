package dev.lacuna.nn;

import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import org.jspecify.annotations.Nullable;

/**
 * What the read-only attention weighs its values with, on the host. The attention itself keeps no
 * weights; these are for people to look at.
 */
final class AttentionWeights {
  private AttentionWeights() {}

  /**
   * Weights of one entry of n inputs, with p prompts behind them.
   *
   * @param queries [n + p][width], the numbers of a head side by side
   * @param keys [n + p][width]
   * @param mask n bytes, 1 where an input may be read; null: all may
   * @return [n + p][n + p], the mean over heads; a row reads columns, and sums to 1 where it may
   *     read any
   */
  static double[][] of(
      double[][] queries,
      double[][] keys,
      int inputs,
      byte @Nullable [] mask,
      int heads,
      Options options) {
    int width = queries[0].length / heads;
    double scale = options.scale().orElse(1 / Math.sqrt(width));
    double[][] weights = new double[queries.length][keys.length];
    for (int i = 0; i < queries.length; i++) {
      for (int h = 0; h < heads; h++) {
        double[] logits = new double[keys.length];
        double most = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < keys.length; j++) {
          logits[j] = Double.NEGATIVE_INFINITY;
          if (reads(i, j, inputs, mask, options.prompts())) {
            logits[j] = scale * dot(queries[i], keys[j], h * width, width);
            most = Math.max(most, logits[j]);
          }
        }
        double sum = 0;
        for (int j = 0; j < keys.length; j++) {
          // not that of a difference, which of two infinities is no number
          logits[j] = logits[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logits[j] - most);
          sum += logits[j];
        }
        for (int j = 0; j < keys.length && sum > 0; j++) {
          weights[i][j] += logits[j] / sum / heads;
        }
      }
    }
    return weights;
  }

  private static boolean reads(int i, int j, int inputs, byte @Nullable [] mask, Prompts prompts) {
    if (j < inputs) {
      return mask == null || mask[j] != 0;
    }
    return i >= inputs
        && switch (prompts) {
          case NONE -> false;
          case SELF -> i == j;
          case FULL -> true;
        };
  }

  private static double dot(double[] a, double[] b, int from, int count) {
    double sum = 0;
    for (int k = from; k < from + count; k++) {
      sum += a[k] * b[k];
    }
    return sum;
  }
}
