package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.GatherRows;
import dev.lacuna.spi.OpLayouts.ScatterRows;

/** Takes rows out of a tensor, and puts them back. */
public final class RowsOp {
  private static final Differentiable GATHER =
      node -> {
        OpCall call = node.call(ScatterRows.OP);
        call.set(ScatterRows.N, node.outputSize(0, 0)).set(ScatterRows.M, node.size(0, 0));
        call.set(ScatterRows.D, node.size(0, 1));
        call.set(ScatterRows.LD_X, node.size(0, 1)).set(ScatterRows.LD_OUT, node.size(0, 1));
        node.bindOutputGradient(call, ScatterRows.X, 0);
        node.bindInput(call, ScatterRows.INDEX, 1);
        node.bindInputGradient(call, ScatterRows.OUT, ScatterRows.ACC_OUT, 0);
        node.run(call);
      };

  private static final Differentiable SCATTER =
      node -> {
        OpCall call = node.call(GatherRows.OP);
        call.set(GatherRows.N, node.size(0, 0)).set(GatherRows.M, node.outputSize(0, 0));
        call.set(GatherRows.D, node.size(0, 1));
        call.set(GatherRows.LD_X, node.size(0, 1)).set(GatherRows.LD_OUT, node.size(0, 1));
        node.bindOutputGradient(call, GatherRows.X, 0);
        node.bindInput(call, GatherRows.INDEX, 1);
        node.bindInputGradient(call, GatherRows.OUT, GatherRows.ACC_OUT, 0);
        node.run(call);
      };

  private RowsOp() {}

  /**
   * out[i] = x[index[i]].
   *
   * @param x [m, d]
   * @param index n integers in [0, m)
   * @return [n, d]
   */
  public static Tensor gatherRows(Tensor x, Tensor index) {
    Shapes.requireRank(2, "gather_rows", "x", x);
    long n = index.count();
    long d = x.size(1);
    Tape tape = x.tape();
    Tensor out = tape.output(n, d);
    OpCall call = tape.call(GatherRows.OP).set(GatherRows.N, n).set(GatherRows.M, x.size(0));
    call.set(GatherRows.D, d).set(GatherRows.LD_X, d).set(GatherRows.LD_OUT, d);
    tape.bind(call, GatherRows.X, x);
    tape.bind(call, GatherRows.INDEX, index);
    tape.bind(call, GatherRows.OUT, out);
    tape.context().run(call);
    tape.record(GATHER).input(x).input(index).output(out).end();
    return out;
  }

  /**
   * Rows put back to where they came from: out[index[i]] += x[i], zero elsewhere.
   *
   * @param x [n, d]
   * @param index n integers in [0, m)
   * @param m rows of the result
   * @return [m, d]
   */
  public static Tensor scatterRows(Tensor x, Tensor index, long m) {
    Shapes.requireRank(2, "scatter_rows", "x", x);
    long n = x.size(0);
    long d = x.size(1);
    if (index.count() != n) {
      throw Shapes.wrong("scatter_rows", "index", index, "[" + n + "]");
    }
    Tape tape = x.tape();
    Tensor out = tape.output(m, d);
    OpCall call = tape.call(ScatterRows.OP);
    call.set(ScatterRows.N, n).set(ScatterRows.M, m).set(ScatterRows.D, d);
    call.set(ScatterRows.LD_X, d).set(ScatterRows.LD_OUT, d);
    tape.bind(call, ScatterRows.X, x);
    tape.bind(call, ScatterRows.INDEX, index);
    tape.bind(call, ScatterRows.OUT, out);
    tape.context().run(call);
    tape.record(SCATTER).input(x).input(index).output(out).end();
    return out;
  }
}
