package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.GatherRows;
import dev.lacuna.spi.OpLayouts.ScatterRows;

/** out[i] = x[index[i]], and its adjoint out[index[i]] += x[i]. */
final class RowsReference {
  private RowsReference() {}

  static void gather(Args args) {
    double[][] x = args.matrix(GatherRows.X);
    int[] index = args.ints(GatherRows.INDEX);
    check(args, index, x.length);
    double[][] out = new double[index.length][];
    for (int i = 0; i < index.length; i++) {
      out[i] = x[index[i]].clone();
    }
    args.gradient(GatherRows.OUT, GatherRows.ACC_OUT, out);
  }

  static void scatter(Args args) {
    double[][] x = args.matrix(ScatterRows.X);
    int[] index = args.ints(ScatterRows.INDEX);
    double[][] out = new double[args.size(ScatterRows.M)][args.size(ScatterRows.D)];
    check(args, index, out.length);
    for (int i = 0; i < index.length; i++) {
      Matrices.addScaled(out[index[i]], 1, x[i]);
    }
    args.gradient(ScatterRows.OUT, ScatterRows.ACC_OUT, out);
  }

  private static void check(Args args, int[] index, int m) {
    for (int i = 0; i < index.length; i++) {
      if (index[i] < 0 || index[i] >= m) {
        throw args.invalid("index[" + i + "] is " + index[i] + ", want 0 to " + (m - 1));
      }
    }
  }
}
