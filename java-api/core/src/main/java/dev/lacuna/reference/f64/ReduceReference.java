package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.ReduceBwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;

/** Sum or mean over rows, columns or both; the gradient is spread back. */
final class ReduceReference {
  private static final int SUM = 0;
  private static final int MEAN = 1;

  private ReduceReference() {}

  private static double scale(Args args, int code, int n, int d, int outN, int outD) {
    if (code != SUM && code != MEAN) {
      throw args.invalid("code is " + code + ", want 0 or 1");
    }
    if ((outN != 1 && outN != n) || (outD != 1 && outD != d)) {
      throw args.invalid(
          "out is [" + outN + ", " + outD + "], want [1 or " + n + ", 1 or " + d + "]");
    }
    if (code == MEAN && (n == 0 || d == 0)) {
      throw args.invalid("the mean of an empty tensor [" + n + ", " + d + "]");
    }
    int count = Math.multiplyExact(n / Math.max(outN, 1), d / Math.max(outD, 1));
    return code == MEAN ? 1 / (double) count : 1;
  }

  static void forward(Args args) {
    int n = args.size(ReduceFwd.N);
    int d = args.size(ReduceFwd.D);
    int outN = args.size(ReduceFwd.OUT_N);
    int outD = args.size(ReduceFwd.OUT_D);
    double scale = scale(args, args.size(ReduceFwd.CODE), n, d, outN, outD);
    double[][] x = args.matrix(ReduceFwd.X);
    double[][] out = new double[outN][outD];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        out[outN == 1 ? 0 : i][outD == 1 ? 0 : j] += x[i][j];
      }
    }
    for (double[] row : out) {
      for (int j = 0; j < row.length; j++) {
        row[j] *= scale;
      }
    }
    args.store(ReduceFwd.OUT, out);
  }

  static void backward(Args args) {
    int n = args.size(ReduceBwd.N);
    int d = args.size(ReduceBwd.D);
    int outN = args.size(ReduceBwd.OUT_N);
    int outD = args.size(ReduceBwd.OUT_D);
    double scale = scale(args, args.size(ReduceBwd.CODE), n, d, outN, outD);
    double[][] dout = args.matrix(ReduceBwd.DOUT);
    double[][] dx = new double[n][d];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        dx[i][j] = scale * dout[outN == 1 ? 0 : i][outD == 1 ? 0 : j];
      }
    }
    args.gradient(ReduceBwd.DX, ReduceBwd.ACC_DX, dx);
  }
}
