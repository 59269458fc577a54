package dev.lacuna.contract;

/**
 * Attention the way it is mostly written: all logits of a head, a dense mask, softmax. Double
 * precision, token-major arrays [entries * tokens, heads * width].
 *
 * @param prompts 0 NONE, 1 SELF, 2 FULL
 */
record DenseAttention(int b, int h, int n, int p, int d, int prompts, double scale) {
  /** A stream's output and log-sum-exp [b * h, tokens]. */
  record Result(double[] out, double[] lse) {}

  private boolean visible(double[] mask, int entry, int query, int key) {
    if (key < n) {
      return mask == null || mask[entry * n + key] != 0;
    }
    return query >= n && (prompts == 2 || (prompts == 1 && query == key));
  }

  /** What the inputs (query tokens 0 to n) or the prompts (n to n + p) read. */
  Result read(
      boolean ofPrompts,
      double[] q,
      double[] k,
      double[] v,
      double[] mask,
      double[] promptK,
      double[] promptV) {
    int tokens = ofPrompts ? p : n;
    int keys = ofPrompts && prompts != 0 ? n + p : n;
    double[] out = new double[b * tokens * h * d];
    double[] lse = new double[b * h * tokens];
    for (int entry = 0; entry < b; entry++) {
      for (int head = 0; head < h; head++) {
        for (int t = 0; t < tokens; t++) {
          int at = ((entry * tokens + t) * h + head) * d;
          double[] logits = new double[keys];
          double max = Double.NEGATIVE_INFINITY;
          for (int j = 0; j < keys; j++) {
            logits[j] = Double.NEGATIVE_INFINITY;
            if (visible(mask, entry, ofPrompts ? n + t : t, j)) {
              double[] from = j < n ? k : promptK;
              int key = ((j < n ? entry * n + j : entry * p + j - n) * h + head) * d;
              logits[j] = 0;
              for (int c = 0; c < d; c++) {
                logits[j] += scale * q[at + c] * from[key + c];
              }
            }
            max = Math.max(max, logits[j]);
          }
          double sum = 0;
          for (int j = 0; j < keys; j++) {
            sum += max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(logits[j] - max);
          }
          lse[(entry * h + head) * tokens + t] = max + Math.log(sum);
          for (int j = 0; j < keys && sum != 0; j++) {
            double[] from = j < n ? v : promptV;
            int key = ((j < n ? entry * n + j : entry * p + j - n) * h + head) * d;
            double weight = Math.exp(logits[j] - max) / sum;
            for (int c = 0; c < d && weight != 0; c++) {
              out[at + c] += weight * from[key + c];
            }
          }
        }
      }
    }
    return new Result(out, lse);
  }
}
