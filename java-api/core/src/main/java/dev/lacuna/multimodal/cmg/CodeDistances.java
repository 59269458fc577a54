package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;

/**
 * Euclidean distances of rows to codes, with the gradient of the rows. Both are measured from the
 * mean code, which keeps the digits that |z|^2 - 2 z e + |e|^2 would lose far from the origin.
 */
final class CodeDistances {
  /** Least squared distance: the root has no gradient at 0, and rounding can fall below it. */
  private static final double FLOOR = 1e-12;

  private CodeDistances() {}

  /**
   * sqrt(max(|z_i - e_k|^2, 1e-12)); the codes are held constant.
   *
   * @param z [n, d]
   * @param codes [k, d]
   * @return [n, k]
   */
  static Tensor of(Tensor z, Tensor codes) {
    Tensor e = codes.detach();
    Tensor centre = ReduceOp.mean(e, Over.ROWS);
    Tensor rows = ElementwiseOp.sub(z, centre);
    Tensor entries = ElementwiseOp.sub(e, centre);
    Tensor products = LinearOp.linear(rows, entries, null);
    Tensor squares =
        ElementwiseOp.add(
            ElementwiseOp.add(ElementwiseOp.affine(products, -2, 0), norms(rows)),
            norms(entries).reshape(1, entries.rows()));
    return ElementwiseOp.sqrt(squares, FLOOR);
  }

  private static Tensor norms(Tensor x) {
    return ReduceOp.sum(ElementwiseOp.mul(x, x), Over.COLS);
  }
}
