package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.AttentionBwd;
import dev.lacuna.spi.OpLayouts.AttentionFwd;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Masked read-only attention (prompts as in RPO, Lee et al. 2023, and MMP, Kim and Kim 2024): a row
 * of queries reads those keys that it may, out = softmax(scale q k^T) v; the backward pass as in
 * FlashAttention (Dao et al. 2022), from the saved log-sum-exp. Keys that a row may not read do not
 * enter any sum, so that it does not matter what padding holds.
 */
final class AttentionReference {
  private static final int SELF = 1;
  private static final int FULL = 2;

  private final Args args;
  private final int batch;
  private final int heads;
  private final int inputs;
  private final int prompts;
  private final int width;
  private final long mode;
  private final double scale;
  private final double[][] k;
  private final double[][] v;
  private final byte @Nullable [] mask;
  private double[][] promptK = new double[0][];
  private double[][] promptV = new double[0][];

  /** Inputs that both directions have; sizes lie at the same places in both. */
  private AttentionReference(Args args, int mode, int scale, int k, int v, int keyMask) {
    this.args = args;
    batch = args.size(AttentionFwd.B);
    heads = args.size(AttentionFwd.H);
    inputs = args.size(AttentionFwd.N);
    prompts = args.size(AttentionFwd.P);
    width = args.size(AttentionFwd.D);
    this.mode = args.call().value(mode);
    this.scale = args.real(scale);
    if (this.mode < 0 || this.mode > FULL) {
      throw args.invalid("prompts is " + this.mode + ", want 0 NONE, 1 SELF or 2 FULL");
    }
    if (!(this.scale > 0) || Double.isInfinite(this.scale)) {
      throw args.invalid("scale is " + this.scale + ", want a number > 0");
    }
    mask = args.has(keyMask) ? args.bytes(keyMask) : null;
    for (int i = 0; mask != null && i < mask.length; i++) {
      if (mask[i] != 0 && mask[i] != 1) {
        throw args.invalid("key_mask[" + i + "] is " + (mask[i] & 0xFF) + ", want 0 or 1");
      }
    }
    this.k = matrix(k);
    this.v = matrix(v);
  }

  private void promptKeys(int promptQ, int promptK, int promptV) {
    if (mode != 0 && args.has(promptQ) && elements(prompts)) {
      needs(promptQ, promptK);
      needs(promptQ, promptV);
      this.promptK = args.matrix(promptK);
      this.promptV = args.matrix(promptV);
    }
  }

  private double[][] matrix(int field) {
    return args.has(field) ? args.matrix(field) : new double[0][];
  }

  private boolean elements(int tokens) {
    return batch > 0 && heads > 0 && tokens > 0;
  }

  /** A tensor that is given comes with another one. */
  private void needs(int given, int wanted) {
    if (args.has(given) && !args.has(wanted)) {
      String with = args.call().op().fields().get(given).name();
      throw args.invalid(
          args.call().op().fields().get(wanted).name() + " is missing, want it with " + with);
    }
  }

  /** The keys that a row may read: inputs, and from {@code inputs} on prompts. */
  private int[] readable(int entry, boolean isPrompt, int token) {
    int[] keys = new int[inputs + prompts];
    int count = 0;
    for (int j = 0; j < inputs; j++) {
      if (mask == null || mask[entry * inputs + j] == 1) {
        keys[count++] = j;
      }
    }
    for (int j = 0; isPrompt && j < prompts; j++) {
      if (mode == FULL || (mode == SELF && j == token)) {
        keys[count++] = inputs + j;
      }
    }
    return Arrays.copyOf(keys, count);
  }

  /** The row of an array of inputs or of prompts that belongs to a key. */
  private double[] row(double[][] ofInputs, double[][] ofPrompts, int entry, int key) {
    return key < inputs
        ? ofInputs[entry * inputs + key]
        : ofPrompts[entry * prompts + key - inputs];
  }

  private double dot(double[] a, double[] b, int from) {
    double sum = 0;
    for (int j = from; j < from + width; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  private void add(double[] to, double factor, double[] x, int from) {
    for (int j = from; j < from + width; j++) {
      to[j] += factor * x[j];
    }
  }

  static void forward(Args args) {
    AttentionReference it =
        new AttentionReference(
            args,
            AttentionFwd.PROMPTS,
            AttentionFwd.SCALE,
            AttentionFwd.K,
            AttentionFwd.V,
            AttentionFwd.KEY_MASK);
    it.promptKeys(AttentionFwd.PROMPT_Q, AttentionFwd.PROMPT_K, AttentionFwd.PROMPT_V);
    if (it.elements(it.inputs)) {
      it.needs(AttentionFwd.Q, AttentionFwd.OUT);
      it.needs(AttentionFwd.OUT, AttentionFwd.Q);
      it.needs(AttentionFwd.LSE, AttentionFwd.Q);
    }
    if (it.elements(it.prompts)) {
      it.needs(AttentionFwd.PROMPT_Q, AttentionFwd.PROMPT_OUT);
      it.needs(AttentionFwd.PROMPT_OUT, AttentionFwd.PROMPT_Q);
      it.needs(AttentionFwd.PROMPT_LSE, AttentionFwd.PROMPT_Q);
    }
    it.read(false, it.inputs, AttentionFwd.Q, AttentionFwd.OUT, AttentionFwd.LSE);
    it.read(
        true, it.prompts, AttentionFwd.PROMPT_Q, AttentionFwd.PROMPT_OUT, AttentionFwd.PROMPT_LSE);
  }

  private void read(boolean isPrompt, int tokens, int queries, int out, int lse) {
    if (!args.has(queries)) {
      return;
    }
    double[][] q = args.matrix(queries);
    double[][] result = new double[batch * tokens][heads * width];
    double[][] sums = new double[batch * heads][tokens];
    for (int entry = 0; entry < batch; entry++) {
      for (int head = 0; head < heads; head++) {
        for (int t = 0; t < tokens; t++) {
          int at = entry * tokens + t;
          sums[entry * heads + head][t] =
              read(readable(entry, isPrompt, t), entry, head * width, q[at], result[at]);
        }
      }
    }
    args.store(out, result);
    args.store(lse, sums);
  }

  /** Reads the keys into {@code out}; the log-sum-exp, -infinity where there are none. */
  private double read(int[] keys, int entry, int from, double[] q, double[] out) {
    double[] logits = new double[keys.length];
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < keys.length; i++) {
      logits[i] = scale * dot(q, row(k, promptK, entry, keys[i]), from);
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = 0; i < keys.length; i++) {
      logits[i] = (double) Math.exp(logits[i] - max);
      sum += logits[i];
    }
    for (int i = 0; i < keys.length; i++) {
      add(out, logits[i] / sum, row(v, promptV, entry, keys[i]), from);
    }
    return keys.length == 0 ? Double.NEGATIVE_INFINITY : max + (double) Math.log(sum);
  }

  static void backward(Args args) {
    AttentionReference it =
        new AttentionReference(
            args,
            AttentionBwd.PROMPTS,
            AttentionBwd.SCALE,
            AttentionBwd.K,
            AttentionBwd.V,
            AttentionBwd.KEY_MASK);
    it.promptKeys(AttentionBwd.PROMPT_Q, AttentionBwd.PROMPT_K, AttentionBwd.PROMPT_V);
    long flow = args.call().value(AttentionBwd.ENCODER_GRAD);
    if (flow != 0 && flow != 1) {
      throw args.invalid("encoder_grad is " + flow + ", want 0 STOP or 1 FLOW");
    }
    if (it.elements(it.inputs)) {
      it.needs(AttentionBwd.DOUT, AttentionBwd.Q);
      it.needs(AttentionBwd.DOUT, AttentionBwd.OUT);
      it.needs(AttentionBwd.DOUT, AttentionBwd.LSE);
    }
    if (it.elements(it.prompts)) {
      it.needs(AttentionBwd.PROMPT_DOUT, AttentionBwd.PROMPT_Q);
      it.needs(AttentionBwd.PROMPT_DOUT, AttentionBwd.PROMPT_OUT);
      it.needs(AttentionBwd.PROMPT_DOUT, AttentionBwd.PROMPT_LSE);
    }
    int columns = it.heads * it.width;
    Gradients sums =
        new Gradients(
            new double[it.batch * it.inputs][columns],
            new double[it.batch * it.inputs][columns],
            new double[it.batch * it.prompts][columns],
            new double[it.batch * it.prompts][columns]);
    double[][] dq =
        it.passBack(
            false,
            it.inputs,
            true,
            new int[] {AttentionBwd.Q, AttentionBwd.OUT, AttentionBwd.LSE, AttentionBwd.DOUT},
            sums);
    double[][] dPromptQ =
        it.passBack(
            true,
            it.prompts,
            flow == 1,
            new int[] {
              AttentionBwd.PROMPT_Q,
              AttentionBwd.PROMPT_OUT,
              AttentionBwd.PROMPT_LSE,
              AttentionBwd.PROMPT_DOUT
            },
            sums);
    args.gradient(AttentionBwd.DQ, AttentionBwd.ACC_DQ, dq);
    args.gradient(AttentionBwd.DK, AttentionBwd.ACC_DK, sums.dk);
    args.gradient(AttentionBwd.DV, AttentionBwd.ACC_DV, sums.dv);
    args.gradient(AttentionBwd.DPROMPT_Q, AttentionBwd.ACC_DPROMPT_Q, dPromptQ);
    args.gradient(AttentionBwd.DPROMPT_K, AttentionBwd.ACC_DPROMPT_K, sums.dPromptK);
    args.gradient(AttentionBwd.DPROMPT_V, AttentionBwd.ACC_DPROMPT_V, sums.dPromptV);
  }

  private record Gradients(
      double[][] dk, double[][] dv, double[][] dPromptK, double[][] dPromptV) {}

  /**
   * With p = exp(scale q.k - lse) and s = p (dout.v - dout.out): dv += p dout, dk += scale s q, dq
   * += scale s k.
   *
   * @param stream fields of q, out, lse and dout
   * @param reachesInputs whether the stream gives something to dk and dv of the inputs
   * @return dq
   */
  private double[][] passBack(
      boolean isPrompt, int tokens, boolean reachesInputs, int[] stream, Gradients sums) {
    double[][] dq = new double[batch * tokens][heads * width];
    if (!args.has(stream[3])) {
      return dq;
    }
    double[][] q = args.matrix(stream[0]);
    double[][] out = args.matrix(stream[1]);
    double[][] lse = args.matrix(stream[2]);
    double[][] dout = args.matrix(stream[3]);
    for (int entry = 0; entry < batch; entry++) {
      for (int head = 0; head < heads; head++) {
        int from = head * width;
        for (int t = 0; t < tokens; t++) {
          int at = entry * tokens + t;
          double delta = dot(dout[at], out[at], from);
          for (int key : readable(entry, isPrompt, t)) {
            double[] keyRow = row(k, promptK, entry, key);
            double logit = scale * dot(q[at], keyRow, from);
            double weight = (double) Math.exp(logit - lse[entry * heads + head][t]);
            double slope =
                scale * weight * (dot(dout[at], row(v, promptV, entry, key), from) - delta);
            add(dq[at], slope, keyRow, from);
            if (key >= inputs || reachesInputs) {
              add(row(sums.dk, sums.dPromptK, entry, key), slope, q[at], from);
              add(row(sums.dv, sums.dPromptV, entry, key), weight, dout[at], from);
            }
          }
        }
      }
    }
    return dq;
  }
}
