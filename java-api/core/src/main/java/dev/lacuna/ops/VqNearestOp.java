package dev.lacuna.ops;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqQuantize;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.VqNearest;

/** Vector quantisation: the nearest code of each row. */
public final class VqNearestOp {
  private VqNearestOp() {}

  /**
   * Index of the nearest code, lowest on ties; no gradient.
   *
   * @param z [n, d], finite
   * @param codebook [k, d], finite, k at least 1
   * @return n integers
   */
  public static Tensor nearest(Tensor z, Tensor codebook) {
    return nearest(z, codebook, false);
  }

  /**
   * As {@link #nearest(Tensor, Tensor)}.
   *
   * @param fast permits reduced precision, of which the search makes no use beyond what it does
   *     anyway
   */
  public static Tensor nearest(Tensor z, Tensor codebook, boolean fast) {
    Shapes.requireRank(2, "vq_nearest", "z", z);
    long n = z.size(0);
    long d = z.size(1);
    if (codebook.rank() != 2 || codebook.size(1) != d) {
      throw Shapes.wrong("vq_nearest", "codebook", codebook, "[k, " + d + "] to match z");
    }
    Tape tape = z.tape();
    Tensor index = tape.outputInts(n);
    OpCall call = tape.call(VqNearest.OP).set(VqNearest.N, n).set(VqNearest.D, d).fast(fast);
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
    return VqQuantizeOp.quantize(z, codebook, index, VqQuantize.Estimator.STRAIGHT_THROUGH);
  }
}
