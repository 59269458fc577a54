package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ReduceBwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;

/** Sums and means over rows, columns or everything. */
public final class ReduceOp implements Differentiable {
  private static final ReduceOp RULE = new ReduceOp();
  static final int SUM = 0;
  private static final int MEAN = 1;

  /** What a reduction runs over; a tensor counts as [rows, cols] with cols its last dimension. */
  public enum Over {
    /** The result is [1, cols]. */
    ROWS,
    /** The result is [rows, 1]. */
    COLS,
    /** The result is [1, 1]. */
    ALL
  }

  private ReduceOp() {}

  /** Sum. */
  public static Tensor sum(Tensor x, Over over) {
    return apply(SUM, x, over);
  }

  /** Mean; of nothing it is an error. */
  public static Tensor mean(Tensor x, Over over) {
    return apply(MEAN, x, over);
  }

  private static Tensor apply(int code, Tensor x, Over over) {
    long n = x.rows();
    long d = x.cols();
    Tape tape = x.tape();
    Tensor out = tape.output(over == Over.COLS ? n : 1, over == Over.ROWS ? d : 1);
    OpCall call = tape.call(ReduceFwd.OP).set(ReduceFwd.N, n).set(ReduceFwd.D, d);
    call.set(ReduceFwd.OUT_N, out.size(0)).set(ReduceFwd.OUT_D, out.size(1));
    call.set(ReduceFwd.LD_X, d).set(ReduceFwd.LD_OUT, out.size(1)).set(ReduceFwd.CODE, code);
    tape.bind(call, ReduceFwd.X, x);
    tape.bind(call, ReduceFwd.OUT, out);
    tape.context().run(call);
    tape.record(RULE).input(x).output(out).keep(code).end();
    return out;
  }

  @Override
  public void backward(Node node) {
    long d = node.cols(0);
    OpCall call = node.call(ReduceBwd.OP).set(ReduceBwd.N, node.rows(0)).set(ReduceBwd.D, d);
    call.set(ReduceBwd.OUT_N, node.outputSize(0, 0)).set(ReduceBwd.OUT_D, node.outputSize(0, 1));
    call.set(ReduceBwd.LD_DOUT, node.outputSize(0, 1)).set(ReduceBwd.LD_DX, d);
    call.set(ReduceBwd.CODE, node.attribute(0));
    node.bindOutputGradient(call, ReduceBwd.DOUT, 0);
    node.bindInputGradient(call, ReduceBwd.DX, ReduceBwd.ACC_DX, 0);
    node.run(call);
  }
}
