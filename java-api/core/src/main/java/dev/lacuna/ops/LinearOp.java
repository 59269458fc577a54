package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.LinearBwd;
import dev.lacuna.spi.OpLayouts.LinearFwd;
import org.jspecify.annotations.Nullable;

/** Affine map of rows. */
public final class LinearOp implements Differentiable {
  private static final LinearOp RULE = new LinearOp();

  private LinearOp() {}

  /**
   * y = x w^T + b.
   *
   * @param x [n, d]
   * @param w [o, d]
   * @param b [o], or null
   * @return [n, o]
   */
  public static Tensor linear(Tensor x, Tensor w, @Nullable Tensor b) {
    Shapes.requireRank(2, "linear", "x", x);
    Shapes.requireRank(2, "linear", "w", w);
    long n = x.size(0);
    long d = x.size(1);
    long o = w.size(0);
    if (w.size(1) != d) {
      throw Shapes.wrong("linear", "w", w, "[o, " + d + "] to match x");
    }
    Tape tape = x.tape();
    Tensor y = tape.output(n, o);
    OpCall call =
        tape.call(LinearFwd.OP).set(LinearFwd.N, n).set(LinearFwd.D, d).set(LinearFwd.O, o);
    call.set(LinearFwd.LD_X, d).set(LinearFwd.LD_W, d).set(LinearFwd.LD_Y, o);
    tape.bind(call, LinearFwd.X, x);
    tape.bind(call, LinearFwd.W, w);
    if (b != null) {
      if (b.count() != o) {
        throw Shapes.wrong("linear", "b", b, "[" + o + "]");
      }
      tape.bind(call, LinearFwd.B, b);
    }
    tape.bind(call, LinearFwd.Y, y);
    tape.context().run(call);
    tape.record(RULE).input(x).input(w).input(b).output(y).end();
    return y;
  }

  @Override
  public void backward(Node node) {
    long n = node.size(0, 0);
    long d = node.size(0, 1);
    long o = node.size(1, 0);
    OpCall call =
        node.call(LinearBwd.OP).set(LinearBwd.N, n).set(LinearBwd.D, d).set(LinearBwd.O, o);
    call.set(LinearBwd.LD_DY, o).set(LinearBwd.LD_X, d).set(LinearBwd.LD_W, d);
    call.set(LinearBwd.LD_DX, d).set(LinearBwd.LD_DW, d);
    node.bindOutputGradient(call, LinearBwd.DY, 0);
    node.bindInput(call, LinearBwd.X, 0);
    node.bindInput(call, LinearBwd.W, 1);
    node.bindInputGradient(call, LinearBwd.DX, LinearBwd.ACC_DX, 0);
    node.bindInputGradient(call, LinearBwd.DW, LinearBwd.ACC_DW, 1);
    node.bindInputGradient(call, LinearBwd.DB, LinearBwd.ACC_DB, 2);
    node.run(call);
  }
}
