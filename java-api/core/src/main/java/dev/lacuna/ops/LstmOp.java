package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.LstmBwd;
import dev.lacuna.spi.OpLayouts.LstmFwd;
import org.jspecify.annotations.Nullable;

/**
 * The recurrence of an LSTM over a whole sequence, as torch.nn.LSTM's of one layer and direction.
 */
public final class LstmOp implements Differentiable {
  private static final LstmOp RULE = new LstmOp();

  private LstmOp() {}

  /**
   * Hidden and cell states.
   *
   * @param h what an LSTM gives out, the size of c
   * @param c what its cells remember
   */
  public record State(Tensor h, Tensor c) {}

  /**
   * The hidden states of {@link #states}.
   *
   * @return [steps b, d]
   */
  public static Tensor lstm(
      Tensor gatesX,
      Tensor wHh,
      @Nullable Tensor h0,
      @Nullable Tensor c0,
      int steps,
      boolean reverse) {
    return states(gatesX, wHh, h0, c0, steps, reverse).h;
  }

  /**
   * With i, f, g, o the parts of gatesX + h_before wHh^T, in torch's order: c = sigmoid(f) c_before
   * + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c). Row t b + i is step t of sequence i.
   *
   * @param gatesX [steps b, 4 d]: the inputs times their weights, with both biases
   * @param wHh [4 d, d]
   * @param h0 [b, d], h before the first step that is run; null for 0
   * @param c0 [b, d], c before it; null for 0
   * @param steps at least 1
   * @param reverse whether the last step is run first
   * @return both [steps b, d]
   */
  public static State states(
      Tensor gatesX,
      Tensor wHh,
      @Nullable Tensor h0,
      @Nullable Tensor c0,
      int steps,
      boolean reverse) {
    Shapes.requireRank(2, "lstm", "gatesX", gatesX);
    Shapes.requireRank(2, "lstm", "wHh", wHh);
    long d = wHh.size(1);
    if (wHh.size(0) != 4 * d) {
      throw Shapes.wrong("lstm", "wHh", wHh, "[" + 4 * d + ", " + d + "], four gates");
    }
    if (steps < 1) {
      throw new IllegalArgumentException("lstm: steps is " + steps + ", want >= 1");
    }
    if (gatesX.size(0) % steps != 0 || gatesX.size(1) != 4 * d) {
      throw Shapes.wrong("lstm", "gatesX", gatesX, "[" + steps + " b, " + 4 * d + "]");
    }
    long b = gatesX.size(0) / steps;
    Tape tape = gatesX.tape();
    State states = new State(tape.output(steps * b, d), tape.output(steps * b, d));
    Tensor gates = tape.output(steps * b, 4 * d);
    OpCall call = tape.call(LstmFwd.OP).set(LstmFwd.T, steps).set(LstmFwd.B, b).set(LstmFwd.D, d);
    call.set(LstmFwd.LD_GATES_X, 4 * d).set(LstmFwd.LD_W_HH, d).set(LstmFwd.LD_H, d);
    call.set(LstmFwd.REVERSE, reverse ? 1 : 0);
    tape.bind(call, LstmFwd.GATES_X, gatesX);
    tape.bind(call, LstmFwd.W_HH, wHh);
    bind(call, LstmFwd.H0, "h0", h0, b, d);
    bind(call, LstmFwd.C0, "c0", c0, b, d);
    tape.bind(call, LstmFwd.H, states.h);
    tape.bind(call, LstmFwd.C, states.c);
    tape.bind(call, LstmFwd.GATES, gates);
    tape.context().run(call);
    Node node = tape.record(RULE).input(gatesX).input(wHh).input(h0).input(c0);
    node.output(states.h).output(states.c).output(gates);
    node.keep(steps).keep(reverse ? 1 : 0).end();
    return states;
  }

  private static void bind(
      OpCall call, int field, String name, @Nullable Tensor state, long b, long d) {
    if (state == null) {
      return;
    }
    if (state.rank() != 2 || state.size(0) != b || state.size(1) != d) {
      throw Shapes.wrong("lstm", name, state, "[" + b + ", " + d + "]");
    }
    state.tape().bind(call, field, state);
  }

  @Override
  public void backward(Node node) {
    long d = node.size(1, 1);
    long steps = node.attribute(0);
    OpCall call = node.call(LstmBwd.OP).set(LstmBwd.T, steps);
    call.set(LstmBwd.B, node.size(0, 0) / steps).set(LstmBwd.D, d);
    call.set(LstmBwd.LD_DH, d).set(LstmBwd.LD_W_HH, d).set(LstmBwd.LD_H, d);
    call.set(LstmBwd.LD_DGATES_X, 4 * d).set(LstmBwd.LD_DW_HH, d);
    call.set(LstmBwd.REVERSE, node.attribute(1));
    if (node.hasOutputGradient(0)) {
      node.bindOutputGradient(call, LstmBwd.DH, 0);
    }
    if (node.hasOutputGradient(1)) {
      node.bindOutputGradient(call, LstmBwd.DC, 1);
    }
    node.bindInput(call, LstmBwd.W_HH, 1);
    node.bindInput(call, LstmBwd.H0, 2);
    node.bindInput(call, LstmBwd.C0, 3);
    node.bindOutput(call, LstmBwd.H, 0);
    node.bindOutput(call, LstmBwd.C, 1);
    node.bindOutput(call, LstmBwd.GATES, 2);
    node.bindInputGradient(call, LstmBwd.DGATES_X, LstmBwd.ACC_DGATES_X, 0);
    node.bindInputGradient(call, LstmBwd.DW_HH, LstmBwd.ACC_DW_HH, 1);
    node.bindInputGradient(call, LstmBwd.DH0, LstmBwd.ACC_DH0, 2);
    node.bindInputGradient(call, LstmBwd.DC0, LstmBwd.ACC_DC0, 3);
    node.run(call);
  }
}
