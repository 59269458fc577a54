package dev.lacuna.ops;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.Dropout;

/** Dropout: Srivastava et al., JMLR 2014. */
public final class DropoutOp {
  private static final Differentiable GRADIENT =
      node -> {
        CounterRandom random =
            new CounterRandom(node.attribute(0), (int) node.attribute(1), (int) node.attribute(2));
        OpCall call = node.call(Dropout.OP).set(Dropout.N, node.rows(0));
        set(call, node.cols(0), Double.longBitsToDouble(node.attribute(3)), random);
        node.bindOutputGradient(call, Dropout.X, 0);
        node.bindInputGradient(call, Dropout.OUT, Dropout.ACC_OUT, 0);
        node.run(call);
      };

  private DropoutOp() {}

  /**
   * x / (1 - p) where an element is kept and 0 where it is dropped, as torch.nn.functional.dropout
   * while learning. Element i, counted row by row, is kept where {@code random.uniform(i)} is at
   * least p, on every back end; the gradient draws the same again.
   *
   * @param x any shape
   * @param p the chance to be dropped, in [0, 1)
   * @param random the draws; another step or stream gives another mask
   * @return x's shape
   */
  public static Tensor dropout(Tensor x, double p, CounterRandom random) {
    Tape tape = x.tape();
    Tensor out = tape.outputLike(x);
    OpCall call = tape.call(Dropout.OP).set(Dropout.N, x.rows());
    set(call, x.cols(), p, random);
    tape.bind(call, Dropout.X, x);
    tape.bind(call, Dropout.OUT, out);
    tape.context().run(call);
    tape.record(GRADIENT)
        .input(x)
        .output(out)
        .keep(random.seed())
        .keep(random.stream())
        .keep(random.step())
        .keep(Double.doubleToRawLongBits(p))
        .end();
    return out;
  }

  private static void set(OpCall call, long d, double p, CounterRandom random) {
    call.set(Dropout.D, d).set(Dropout.LD_X, d).set(Dropout.LD_OUT, d);
    call.set(Dropout.SEED, random.seed()).set(Dropout.STREAM, random.stream());
    call.set(Dropout.STEP, random.step()).set(Dropout.P, p);
  }
}
