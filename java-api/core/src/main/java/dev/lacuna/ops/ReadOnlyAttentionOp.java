package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.Precision;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.spi.FieldKind;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayouts.AttentionBwd;
import dev.lacuna.spi.OpLayouts.AttentionFwd;
import org.jspecify.annotations.Nullable;

/**
 * Masked read-only attention of {@link dev.lacuna.kernels.ReadOnlyAttention} on a tape. Tokens are
 * [b, n, h d] for inputs and [b, p, h d] for prompts, as a linear layer leaves them, the numbers of
 * a head side by side; a mask is [b, n] bytes (of {@link Tape#input(byte[], long...)}), or null.
 */
public final class ReadOnlyAttentionOp implements Differentiable {
  /** What inputs and prompts read. */
  public record Streams(Tensor inputs, Tensor prompts) {}

  private static final ReadOnlyAttentionOp RULE = new ReadOnlyAttentionOp();

  private ReadOnlyAttentionOp() {}

  /** Inputs attend to inputs. */
  public static Tensor inputs(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor keyMask, int heads, Options options) {
    return run(q, k, v, keyMask, null, null, null, heads, options).inputs;
  }

  /**
   * Inputs attend to inputs, prompts read them.
   *
   * @param promptK keys of the prompts, null for NONE; {@code promptV} alike
   */
  public static Streams inputsAndPrompts(
      Tensor q,
      Tensor k,
      Tensor v,
      @Nullable Tensor keyMask,
      Tensor promptQ,
      @Nullable Tensor promptK,
      @Nullable Tensor promptV,
      int heads,
      Options options) {
    return run(q, k, v, keyMask, promptQ, promptK, promptV, heads, options);
  }

  /** Prompts alone read keys and values of inputs that were kept. */
  public static Tensor prompts(
      Tensor k,
      Tensor v,
      @Nullable Tensor keyMask,
      Tensor promptQ,
      @Nullable Tensor promptK,
      @Nullable Tensor promptV,
      int heads,
      Options options) {
    return run(null, k, v, keyMask, promptQ, promptK, promptV, heads, options).prompts;
  }

  private static Streams run(
      @Nullable Tensor q,
      Tensor k,
      Tensor v,
      @Nullable Tensor keyMask,
      @Nullable Tensor promptQ,
      @Nullable Tensor promptK,
      @Nullable Tensor promptV,
      int heads,
      Options options) {
    Shapes.requireRank(3, "attention", "k", k);
    long b = k.size(0);
    long n = k.size(1);
    long columns = k.size(2);
    if (heads < 1 || columns % heads != 0) {
      throw Shapes.wrong("attention", "k", k, "[b, n, " + heads + " heads x d]");
    }
    long p = promptQ == null || promptQ.rank() != 3 ? 0 : promptQ.size(1);
    require("q", q, b, n, columns);
    require("v", v, b, n, columns);
    require("prompt_q", promptQ, b, p, columns);
    require("prompt_k", promptK, b, p, columns);
    require("prompt_v", promptV, b, p, columns);
    if (keyMask != null && keyMask.count() != b * n) {
      throw Shapes.wrong("attention", "key_mask", keyMask, "[" + b + ", " + n + "]");
    }
    Tape tape = k.tape();
    // Results of a stream that is left out hold nothing.
    long inputRows = q == null ? 0 : n;
    Tensor out = tape.output(b, inputRows, columns);
    Tensor lse = tape.output(b * heads, inputRows);
    Tensor promptOut = tape.output(b, p, columns);
    Tensor promptLse = tape.output(b * heads, p);
    OpCall call = tape.call(AttentionFwd.OP);
    setNumbers(call, b, heads, n, p, columns, options.precision() == Precision.FAST);
    call.set(AttentionFwd.PROMPTS, options.prompts().code());
    double scale = options.scale(columns / heads);
    call.set(AttentionFwd.SCALE, scale);
    tape.bind(call, AttentionFwd.K, k);
    tape.bind(call, AttentionFwd.V, v);
    bindOptional(tape, call, AttentionFwd.KEY_MASK, keyMask);
    if (q != null) {
      tape.bind(call, AttentionFwd.Q, q);
      tape.bind(call, AttentionFwd.OUT, out);
      tape.bind(call, AttentionFwd.LSE, lse);
    }
    if (promptQ != null) {
      tape.bind(call, AttentionFwd.PROMPT_Q, promptQ);
      bindOptional(tape, call, AttentionFwd.PROMPT_K, promptK);
      bindOptional(tape, call, AttentionFwd.PROMPT_V, promptV);
      tape.bind(call, AttentionFwd.PROMPT_OUT, promptOut);
      tape.bind(call, AttentionFwd.PROMPT_LSE, promptLse);
    }
    tape.context().run(call);
    Node node = tape.record(RULE).input(q).input(k).input(v).input(keyMask);
    node.input(promptQ).input(promptK).input(promptV);
    node.output(out).output(lse).output(promptOut).output(promptLse);
    node.keep(heads).keep(p).keep(Double.doubleToRawLongBits(scale));
    node.keep(options.prompts().code()).keep(options.encoderGrad().code());
    node.keep(options.precision() == Precision.FAST ? 1 : 0).end();
    return new Streams(out, promptOut);
  }

  private static void require(String name, @Nullable Tensor got, long b, long rows, long columns) {
    if (got != null
        && !(got.rank() == 3
            && got.size(0) == b
            && got.size(1) == rows
            && got.size(2) == columns)) {
      throw Shapes.wrong(
          "attention", name, got, "[" + b + ", " + rows + ", " + columns + "] to match k");
    }
  }

  private static void bindOptional(Tape tape, OpCall call, int field, @Nullable Tensor tensor) {
    if (tensor != null) {
      tape.bind(call, field, tensor);
    }
  }

  /** Sizes, which lie at the same places in both directions, and dense strides. */
  private static void setNumbers(
      OpCall call, long b, long heads, long n, long p, long columns, boolean fast) {
    call.set(AttentionFwd.B, b).set(AttentionFwd.H, heads).set(AttentionFwd.N, n);
    call.set(AttentionFwd.P, p).set(AttentionFwd.D, columns / heads).fast(fast);
    for (int i = 0; i < call.op().fields().size(); i++) {
      OpField field = call.op().fields().get(i);
      if (field.kind() == FieldKind.STRIDE) {
        call.set(i, columns);
      }
    }
  }

  @Override
  public void backward(Node node) {
    OpCall call = node.call(AttentionBwd.OP);
    boolean flow = node.attribute(4) == EncoderGrad.FLOW.code();
    setNumbers(
        call,
        node.size(1, 0),
        node.attribute(0),
        node.size(1, 1),
        node.attribute(1),
        node.size(1, 2),
        node.attribute(5) == 1);
    call.set(AttentionBwd.SCALE, Double.longBitsToDouble(node.attribute(2)));
    call.set(AttentionBwd.PROMPTS, node.attribute(3));
    call.set(AttentionBwd.ENCODER_GRAD, node.attribute(4));
    node.bindInput(call, AttentionBwd.Q, 0);
    node.bindInput(call, AttentionBwd.K, 1);
    node.bindInput(call, AttentionBwd.V, 2);
    node.bindInput(call, AttentionBwd.KEY_MASK, 3);
    node.bindInput(call, AttentionBwd.PROMPT_Q, 4);
    node.bindInput(call, AttentionBwd.PROMPT_K, 5);
    node.bindInput(call, AttentionBwd.PROMPT_V, 6);
    boolean ofInputs = node.hasOutputGradient(0);
    boolean ofPrompts = node.hasOutputGradient(2);
    if (ofInputs) {
      node.bindOutput(call, AttentionBwd.OUT, 0);
      node.bindOutput(call, AttentionBwd.LSE, 1);
      node.bindOutputGradient(call, AttentionBwd.DOUT, 0);
      node.bindInputGradient(call, AttentionBwd.DQ, AttentionBwd.ACC_DQ, 0);
    }
    if (ofInputs || flow) {
      node.bindInputGradient(call, AttentionBwd.DK, AttentionBwd.ACC_DK, 1);
      node.bindInputGradient(call, AttentionBwd.DV, AttentionBwd.ACC_DV, 2);
    }
    if (ofPrompts) {
      node.bindOutput(call, AttentionBwd.PROMPT_OUT, 2);
      node.bindOutput(call, AttentionBwd.PROMPT_LSE, 3);
      node.bindOutputGradient(call, AttentionBwd.PROMPT_DOUT, 2);
      node.bindInputGradient(call, AttentionBwd.DPROMPT_Q, AttentionBwd.ACC_DPROMPT_Q, 4);
      node.bindInputGradient(call, AttentionBwd.DPROMPT_K, AttentionBwd.ACC_DPROMPT_K, 5);
      node.bindInputGradient(call, AttentionBwd.DPROMPT_V, AttentionBwd.ACC_DPROMPT_V, 6);
    }
    node.run(call);
  }
}
