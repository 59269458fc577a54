package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.LinearBwd;
import dev.lacuna.spi.OpLayouts.LinearFwd;

/** y = x w^T + b; dx = dy w, dw = dy^T x, db = column sums of dy. */
final class LinearReference {
  private LinearReference() {}

  static void forward(Args args) {
    double[][] x = args.matrix(LinearFwd.X);
    int o = args.size(LinearFwd.O);
    double[][] wt = Matrices.transposed(args.matrix(LinearFwd.W), args.size(LinearFwd.D));
    double[][] y = Matrices.times(x, wt, o);
    if (args.has(LinearFwd.B)) {
      double[] b = args.row(LinearFwd.B);
      for (double[] row : y) {
        Matrices.addScaled(row, 1, b);
      }
    }
    args.store(LinearFwd.Y, y);
  }

  static void backward(Args args) {
    double[][] dy = args.matrix(LinearBwd.DY);
    double[][] x = args.matrix(LinearBwd.X);
    double[][] w = args.matrix(LinearBwd.W);
    int d = args.size(LinearBwd.D);
    int o = args.size(LinearBwd.O);
    double[][] dw = Matrices.times(Matrices.transposed(dy, o), x, d);
    args.gradient(LinearBwd.DX, LinearBwd.ACC_DX, Matrices.times(dy, w, d));
    args.gradient(LinearBwd.DW, LinearBwd.ACC_DW, dw);
    args.gradient(LinearBwd.DB, LinearBwd.ACC_DB, Matrices.columnSums(dy, o));
  }
}
