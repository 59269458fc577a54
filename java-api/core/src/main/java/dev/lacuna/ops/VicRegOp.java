package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.Vicreg;
import org.jspecify.annotations.Nullable;

/**
 * The VICReg loss. Its gradients come out of the products that the loss takes anyway, so the
 * forward pass keeps them and the backward pass only multiplies them by the loss's own gradient.
 */
public final class VicRegOp implements Differentiable {
  private static final VicRegOp RULE = new VicRegOp();

  /** Where the gradients of inputs 0 and 1 lie among the inputs. */
  private static final int KEPT = 2;

  private VicRegOp() {}

  /**
   * The loss and what it is made of.
   *
   * @param loss a scalar [1, 1]
   * @param terms [1, 5]: s, v(x), v(y), c(x), c(y), without weights and without gradient
   */
  public record Result(Tensor loss, Tensor terms) {}

  /**
   * The loss of {@link VicReg}.
   *
   * @param x [n, d], n at least 2, d at least 1
   * @param y [n, d]; {@code y.detach()} where no gradient is to flow to it
   */
  public static Result vicReg(Tensor x, Tensor y, VicReg.Options options) {
    Shapes.requireRank(2, "vicreg", "x", x);
    long n = x.size(0);
    long d = x.size(1);
    if (y.rank() != 2 || y.size(0) != n || y.size(1) != d) {
      throw Shapes.wrong("vicreg", "y", y, "[" + n + ", " + d + "] to match x");
    }
    Tape tape = x.tape();
    Result result = new Result(tape.output(1, 1), tape.output(1, 5));
    OpCall call = VicReg.call(tape.context(), n, d, options);
    tape.bind(call, Vicreg.X, x);
    tape.bind(call, Vicreg.Y, y);
    tape.bind(call, Vicreg.LOSS, result.loss);
    tape.bind(call, Vicreg.TERMS, result.terms);
    Tensor dx = kept(call, Vicreg.DX, x);
    Tensor dy = kept(call, Vicreg.DY, y);
    tape.context().run(call);
    tape.record(RULE).input(x).input(y).input(dx).input(dy).output(result.loss).end();
    return result;
  }

  private static @Nullable Tensor kept(OpCall call, int field, Tensor of) {
    Tape tape = of.tape();
    if (!tape.wantsGradient(of)) {
      return null;
    }
    Tensor gradient = tape.outputLike(of);
    tape.bind(call, field, gradient);
    return gradient;
  }

  @Override
  public void backward(Node node) {
    long d = node.cols(0);
    for (int i = 0; i < KEPT; i++) {
      if (node.wants(i) && node.has(KEPT + i)) {
        OpCall call = node.call(ElementwiseBwd.OP);
        call.set(ElementwiseBwd.N, node.rows(0)).set(ElementwiseBwd.D, d);
        call.set(ElementwiseBwd.Y_N, 1).set(ElementwiseBwd.Y_D, 1).set(ElementwiseBwd.LD_Y, 1);
        call.set(ElementwiseBwd.LD_DOUT, d).set(ElementwiseBwd.LD_X, d);
        call.set(ElementwiseBwd.LD_DX, d).set(ElementwiseBwd.CODE, ElementwiseOp.MUL);
        node.bindInput(call, ElementwiseBwd.DOUT, KEPT + i);
        node.bindInput(call, ElementwiseBwd.X, i);
        node.bindOutputGradient(call, ElementwiseBwd.Y, 0);
        node.bindInputGradient(call, ElementwiseBwd.DX, ElementwiseBwd.ACC_DX, i);
        node.run(call);
      }
    }
  }
}
