package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;

/** Puts tensors side by side. */
public final class ConcatOp implements Differentiable {
  private static final ConcatOp RULE = new ConcatOp();

  private ConcatOp() {}

  /**
   * The columns of the first part, then those of the second, and so on.
   *
   * @param parts one at least, of as many rows each: [n, d1], [n, d2], ...
   * @return [n, d1 + d2 + ...]
   */
  public static Tensor columns(Tensor... parts) {
    if (parts.length == 0) {
      throw new IllegalArgumentException("concat: no parts are given, want at least one");
    }
    long cols = 0;
    for (Tensor part : parts) {
      Shapes.requireRank(2, "concat", "a part", part);
      if (part.size(0) != parts[0].size(0)) {
        throw Shapes.wrong("concat", "a part", part, "[" + parts[0].size(0) + ", d] as the first");
      }
      cols += part.size(1);
    }
    Tape tape = parts[0].tape();
    Tensor out = tape.output(parts[0].size(0), cols);
    long first = 0;
    for (Tensor part : parts) {
      long d = part.size(1);
      OpCall call = tape.call(ElementwiseFwd.OP);
      call.set(ElementwiseFwd.N, part.size(0)).set(ElementwiseFwd.D, d);
      call.set(ElementwiseFwd.LD_X, d).set(ElementwiseFwd.LD_OUT, cols);
      call.set(ElementwiseFwd.CODE, ElementwiseOp.AFFINE).set(ElementwiseFwd.ALPHA, 1.0);
      tape.bind(call, ElementwiseFwd.X, part);
      tape.bind(call, ElementwiseFwd.OUT, out, first);
      tape.context().run(call);
      first += d;
    }
    Node node = tape.record(RULE);
    for (Tensor part : parts) {
      node.input(part);
    }
    node.output(out).keep(parts.length).end();
    return out;
  }

  @Override
  public void backward(Node node) {
    long first = 0;
    for (int i = 0; i < node.attribute(0); i++) {
      long d = node.size(i, 1);
      if (node.wants(i)) {
        OpCall call = node.call(ElementwiseBwd.OP);
        call.set(ElementwiseBwd.N, node.size(i, 0)).set(ElementwiseBwd.D, d);
        call.set(ElementwiseBwd.LD_DOUT, node.outputSize(0, 1));
        call.set(ElementwiseBwd.LD_X, d).set(ElementwiseBwd.LD_DX, d);
        call.set(ElementwiseBwd.CODE, ElementwiseOp.AFFINE).set(ElementwiseBwd.ALPHA, 1.0);
        node.bindOutputGradient(call, ElementwiseBwd.DOUT, 0, first);
        node.bindInput(call, ElementwiseBwd.X, i);
        node.bindInputGradient(call, ElementwiseBwd.DX, ElementwiseBwd.ACC_DX, i);
        node.run(call);
      }
      first += d;
    }
  }
}
