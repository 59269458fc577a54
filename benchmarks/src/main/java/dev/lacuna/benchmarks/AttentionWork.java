package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.kernels.ReadOnlyAttention;
import dev.lacuna.kernels.ReadOnlyAttention.Array;
import dev.lacuna.kernels.ReadOnlyAttention.Arrays;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Read-only attention of n inputs and p prompts in b h heads of width d; prompts read the inputs
 * alone (NONE). Tensors are [b, h, n, d]. Result: out, prompt_out; with the backward pass also dq,
 * dk, dv, dprompt_q, prompts giving nothing to dk and dv; of the prompts alone prompt_out and
 * dprompt_q.
 */
public final class AttentionWork extends Workload {
  /** Which part of it. */
  public enum Pass {
    /** Both streams. */
    FORWARD,
    /** Both streams and all gradients. */
    FORWARD_BACKWARD,
    /** Prompts over cached keys and values, and their gradient. */
    PROMPTS
  }

  private static final int CHECKED_HEADS = 3;

  /** Which part of it. */
  public final Pass pass;

  /** Heads of all batch entries. */
  public final int heads;

  /** Batch entries. */
  public final int b;

  /** Heads of one batch entry. */
  public final int h;

  /** Inputs. */
  public final int n;

  /** Prompts. */
  public final int p;

  /** Width. */
  public final int d;

  /** Queries of inputs [b, h, n, d]. */
  public final MemorySegment q;

  /** Keys [b, h, n, d]. */
  public final MemorySegment k;

  /** Values [b, h, n, d]. */
  public final MemorySegment v;

  /** Queries of prompts [b, h, p, d]. */
  public final MemorySegment promptQ;

  /** Gradient of out [b, h, n, d]. */
  public final MemorySegment dout;

  /** Gradient of prompt_out [b, h, p, d]. */
  public final MemorySegment promptDout;

  AttentionWork(String name, int[] sizes, Pass pass) {
    super(name);
    checkSizes(name, sizes, "batch", "heads", "inputs", "prompts", "width");
    this.pass = pass;
    b = sizes[0];
    h = sizes[1];
    n = sizes[2];
    p = sizes[3];
    d = sizes[4];
    heads = b * h;
    q = normal(0, inputs());
    k = normal(1, inputs());
    v = normal(2, inputs());
    promptQ = normal(3, prompts());
    dout = normal(4, inputs());
    promptDout = normal(5, prompts());
  }

  private long inputs() {
    return (long) heads * n * d;
  }

  private long prompts() {
    return (long) heads * p * d;
  }

  /** 1 / sqrt(d). */
  public double scale() {
    return 1 / Math.sqrt(d);
  }

  /** Two products forward; five backward for inputs, three for prompts, whose dk and dv are 0. */
  @Override
  public double flops() {
    double product = 2.0 * heads * n * d;
    return switch (pass) {
      case FORWARD -> product * 2 * (n + p);
      case FORWARD_BACKWARD -> product * (7.0 * n + 5.0 * p);
      case PROMPTS -> product * 5 * p;
    };
  }

  @Override
  public double bytes() {
    double input = 4.0 * inputs();
    double prompt = 4.0 * prompts();
    return switch (pass) {
      case FORWARD -> 4 * input + 2 * prompt;
      case FORWARD_BACKWARD -> 8 * input + 4 * prompt;
      case PROMPTS -> 2 * input + 4 * prompt;
    };
  }

  @Override
  public List<Variant> variants() {
    return List.of(Variant.DEFAULT, Variant.FAST);
  }

  @Override
  public Contender ours(Context context, Variant variant) {
    return new Ours(context, variant);
  }

  private final class Ours implements Contender {
    private final Context context;
    private final Shape shape = new Shape(heads, 1, n, p, d);
    private final Options options;
    private final Arrays arrays = new Arrays();
    private final MemorySegment out = floats(inputs());
    private final MemorySegment promptOut = floats(prompts());
    private final MemorySegment dq = floats(inputs());
    private final MemorySegment dk = floats(inputs());
    private final MemorySegment dv = floats(inputs());
    private final MemorySegment dpromptQ = floats(prompts());

    Ours(Context context, Variant variant) {
      this.context = context;
      options = Options.DEFAULT.withPrecision(variant.precision());
      arrays.set(Array.K, k).set(Array.V, v);
      if (pass != Pass.PROMPTS) {
        arrays.set(Array.Q, q).set(Array.OUT, out);
        arrays.set(Array.LSE, floats((long) heads * n)).set(Array.DOUT, dout);
        arrays.set(Array.DQ, dq).set(Array.DK, dk).set(Array.DV, dv);
      }
      arrays.set(Array.PROMPT_Q, promptQ).set(Array.PROMPT_OUT, promptOut);
      arrays.set(Array.PROMPT_LSE, floats((long) heads * p)).set(Array.PROMPT_DOUT, promptDout);
      arrays.set(Array.DPROMPT_Q, dpromptQ);
    }

    @Override
    public void run() {
      ReadOnlyAttention.forward(context, shape, options, arrays);
      if (pass != Pass.FORWARD) {
        ReadOnlyAttention.backward(context, shape, options, arrays);
      }
    }

    @Override
    public float[] result() {
      run();
      return switch (pass) {
        case FORWARD -> joined(out, promptOut);
        case FORWARD_BACKWARD -> joined(out, promptOut, dq, dk, dv, dpromptQ);
        case PROMPTS -> joined(promptOut, dpromptQ);
      };
    }
  }

  /** Of some heads; the largest of all the tensors' errors. */
  @Override
  public double error(float[] result) {
    int input = (int) inputs();
    int prompt = (int) prompts();
    ErrorMeter[] meters = new ErrorMeter[6];
    for (int i = 0; i < meters.length; i++) {
      meters[i] = new ErrorMeter();
    }
    for (int head : sample(heads, CHECKED_HEADS)) {
      double[][] keys = rows(k, head, n);
      double[][] values = rows(v, head, n);
      double[][] dk = new double[n][d];
      double[][] dv = new double[n][d];
      int at = head * n * d;
      if (pass != Pass.PROMPTS) {
        Stream inputs = new Stream(rows(q, head, n), keys, values, rows(dout, head, n), dk, dv);
        note(meters[0], result, at, inputs.out);
        if (pass == Pass.FORWARD_BACKWARD) {
          note(meters[2], result, input + prompt + at, inputs.dq);
          note(meters[3], result, 2 * input + prompt + at, dk);
          note(meters[4], result, 3 * input + prompt + at, dv);
        }
      }
      Stream prompts =
          new Stream(rows(promptQ, head, p), keys, values, rows(promptDout, head, p), dk, dv);
      int promptAt = head * p * d;
      note(meters[1], result, (pass == Pass.PROMPTS ? 0 : input) + promptAt, prompts.out);
      if (pass != Pass.FORWARD) {
        int start = pass == Pass.PROMPTS ? prompt : 4 * input + prompt;
        note(meters[5], result, start + promptAt, prompts.dq);
      }
    }
    double worst = 0;
    for (ErrorMeter meter : meters) {
      worst = Math.max(worst, meter.relative());
    }
    return worst;
  }

  private double[][] rows(MemorySegment tensor, int head, int count) {
    double[][] rows = new double[count][];
    for (int i = 0; i < count; i++) {
      rows[i] = row(tensor, (long) head * count + i, d);
    }
    return rows;
  }

  private static void note(ErrorMeter meter, float[] result, int at, double[][] want) {
    for (int i = 0; i < want.length; i++) {
      meter.add(result, at + i * want[i].length, want[i]);
    }
  }

  /** Queries of one head, their outputs and their gradients; dk and dv are added to. */
  private final class Stream {
    private final double[][] out;
    private final double[][] dq;

    Stream(
        double[][] queries,
        double[][] keys,
        double[][] values,
        double[][] gradient,
        double[][] dk,
        double[][] dv) {
      out = new double[queries.length][d];
      dq = new double[queries.length][d];
      double[] weight = new double[n];
      for (int i = 0; i < queries.length; i++) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < n; j++) {
          weight[j] = scale() * dot(queries[i], keys[j]);
          largest = Math.max(largest, weight[j]);
        }
        double sum = 0;
        for (int j = 0; j < n; j++) {
          weight[j] = Math.exp(weight[j] - largest);
          sum += weight[j];
        }
        for (int j = 0; j < n; j++) {
          weight[j] /= sum;
          addScaled(out[i], weight[j], values[j]);
        }
        double delta = dot(gradient[i], out[i]);
        for (int j = 0; j < n; j++) {
          double ds = scale() * weight[j] * (dot(gradient[i], values[j]) - delta);
          addScaled(dq[i], ds, keys[j]);
          addScaled(dk[j], ds, queries[i]);
          addScaled(dv[j], weight[j], gradient[i]);
        }
      }
    }
  }
}
