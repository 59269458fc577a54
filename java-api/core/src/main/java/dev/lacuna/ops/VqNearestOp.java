package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.VqNearest;

/** Vector quantisation: the nearest code of each row. */
public final class VqNearestOp {
  /**
   * The quantised row passes its gradient to z unchanged (van den Oord et al., 2017); the codebook
   * gets none.
   */
  private static final Differentiable STRAIGHT_THROUGH =
      node -> {
        long d = node.cols(0);
        OpCall call =
            node.call(ElementwiseBwd.OP)
                .set(ElementwiseBwd.N, node.rows(0))
                .set(ElementwiseBwd.D, d);
        call.set(ElementwiseBwd.LD_DOUT, d)
            .set(ElementwiseBwd.LD_X, d)
            .set(ElementwiseBwd.LD_DX, d);
        call.set(ElementwiseBwd.CODE, ElementwiseOp.AFFINE).set(ElementwiseBwd.ALPHA, 1.0);
        node.bindOutputGradient(call, ElementwiseBwd.DOUT, 0);
        node.bindInput(call, ElementwiseBwd.X, 0);
        node.bindInputGradient(call, ElementwiseBwd.DX, ElementwiseBwd.ACC_DX, 0);
        node.run(call);
      };

  private VqNearestOp() {}

  /**
   * Index of the nearest code, lowest on ties; no gradient.
   *
   * @param z [n, d], finite
   * @param codebook [k, d], finite, k at least 1
   * @return n integers
   */
  public static Tensor nearest(Tensor z, Tensor codebook) {
    Shapes.requireRank(2, "vq_nearest", "z", z);
    long n = z.size(0);
    long d = z.size(1);
    if (codebook.rank() != 2 || codebook.size(1) != d) {
      throw Shapes.wrong("vq_nearest", "codebook", codebook, "[k, " + d + "] to match z");
    }
    Tape tape = z.tape();
    Tensor index = tape.outputInts(n);
    OpCall call = tape.call(VqNearest.OP).set(VqNearest.N, n).set(VqNearest.D, d);
    call.set(VqNearest.K, codebook.size(0)).set(VqNearest.LD_Z, d).set(VqNearest.LD_CODEBOOK, d);
    tape.bind(call, VqNearest.Z, z);
    tape.bind(call, VqNearest.CODEBOOK, codebook);
    tape.bind(call, VqNearest.INDEX, index);
    tape.context().run(call);
    return index;
  }

  /**
   * The nearest code of each row, with the straight-through gradient.
   *
   * @param z [n, d]
   * @param codebook [k, d]
   * @return [n, d]
   */
  public static Tensor quantize(Tensor z, Tensor codebook) {
    Tensor index = nearest(z, codebook);
    Tensor codes = RowsOp.gatherRows(codebook.detach(), index);
    z.tape().record(STRAIGHT_THROUGH).input(z).output(codes).end();
    return codes;
  }
}
