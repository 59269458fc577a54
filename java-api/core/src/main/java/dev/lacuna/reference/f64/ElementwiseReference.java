package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;

/** out = f(x, y) with y broadcast over rows, columns or both. */
final class ElementwiseReference {
  private static final int ADD = 0;
  private static final int SUB = 1;
  private static final int MUL = 2;
  private static final int RELU = 3;
  private static final int AFFINE = 4;
  private static final int GELU = 5;
  private static final int TANH = 6;
  private static final int EXP = 7;
  private static final int LOG = 8;
  private static final int SQRT = 9;

  private ElementwiseReference() {}

  private static void check(Args args, int code, boolean hasY, int n, int d, int yn, int yd) {
    if (code < ADD || code > SQRT) {
      throw args.invalid("code is " + code + ", want 0 to " + SQRT);
    }
    if (hasY != (code <= MUL)) {
      throw args.invalid("y is " + (hasY ? "given" : "missing") + " with code " + code);
    }
    if (hasY && ((yn != 1 && yn != n) || (yd != 1 && yd != d))) {
      throw args.invalid("y is [" + yn + ", " + yd + "], want [1 or " + n + ", 1 or " + d + "]");
    }
  }

  private static double alpha(Args args, int code, int field) {
    double alpha = args.real(field);
    if (code == SQRT && !(alpha > 0 && Double.isFinite(alpha))) {
      throw args.invalid("alpha is " + alpha + ", want > 0 and finite for SQRT");
    }
    return alpha;
  }

  static void forward(Args args) {
    int n = args.size(ElementwiseFwd.N);
    int d = args.size(ElementwiseFwd.D);
    int yn = args.size(ElementwiseFwd.Y_N);
    int yd = args.size(ElementwiseFwd.Y_D);
    int code = args.size(ElementwiseFwd.CODE);
    boolean hasY = args.has(ElementwiseFwd.Y);
    check(args, code, hasY, n, d, yn, yd);
    double alpha = alpha(args, code, ElementwiseFwd.ALPHA);
    double beta = args.real(ElementwiseFwd.BETA);
    double[][] x = args.matrix(ElementwiseFwd.X);
    double[][] y = hasY ? args.matrix(ElementwiseFwd.Y) : new double[1][1];
    double[][] out = new double[n][d];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        double a = x[i][j];
        double b = hasY ? y[yn == 1 ? 0 : i][yd == 1 ? 0 : j] : 0;
        out[i][j] =
            switch (code) {
              case ADD -> a + b;
              case SUB -> a - b;
              case MUL -> a * b;
              case RELU -> a > 0 || Double.isNaN(a) ? a : 0;
              case AFFINE -> alpha * a + beta;
              case GELU -> a * Normal.cdf(a);
              case TANH -> (double) Math.tanh(a);
              case EXP -> (double) Math.exp(a);
              case LOG -> (double) Math.log(a);
              default -> (double) Math.sqrt(a <= alpha ? alpha : a);
            };
      }
    }
    args.store(ElementwiseFwd.OUT, out);
  }

  static void backward(Args args) {
    int n = args.size(ElementwiseBwd.N);
    int d = args.size(ElementwiseBwd.D);
    int yn = args.size(ElementwiseBwd.Y_N);
    int yd = args.size(ElementwiseBwd.Y_D);
    int code = args.size(ElementwiseBwd.CODE);
    boolean hasY = args.has(ElementwiseBwd.Y);
    check(args, code, hasY, n, d, yn, yd);
    double alpha = alpha(args, code, ElementwiseBwd.ALPHA);
    double[][] dout = args.matrix(ElementwiseBwd.DOUT);
    double[][] x = args.matrix(ElementwiseBwd.X);
    double[][] y = hasY ? args.matrix(ElementwiseBwd.Y) : new double[1][1];
    double[][] dx = new double[n][d];
    double[][] dy = new double[yn][yd];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        int yi = yn == 1 ? 0 : i;
        int yj = yd == 1 ? 0 : j;
        double g = dout[i][j];
        dx[i][j] =
            switch (code) {
              case MUL -> g * y[yi][yj];
              case RELU -> x[i][j] <= 0 ? 0 : g;
              case AFFINE -> alpha * g;
              case GELU -> g * (Normal.cdf(x[i][j]) + x[i][j] * Normal.density(x[i][j]));
              case TANH -> g * tanhSlope(x[i][j]);
              case EXP -> g * (double) Math.exp(x[i][j]);
              case LOG -> g / x[i][j];
              case SQRT -> x[i][j] <= alpha ? 0 : g / (2 * (double) Math.sqrt(x[i][j]));
              default -> g;
            };
        if (hasY) {
          dy[yi][yj] +=
              switch (code) {
                case SUB -> -g;
                case MUL -> g * x[i][j];
                default -> g;
              };
        }
      }
    }
    args.gradient(ElementwiseBwd.DX, ElementwiseBwd.ACC_DX, dx);
    args.gradient(ElementwiseBwd.DY, ElementwiseBwd.ACC_DY, dy);
  }

  /** 1 - tanh(x)^2 = 1 / cosh(x)^2 with all digits where tanh(x) is near 1. */
  private static double tanhSlope(double x) {
    double e = (double) Math.exp(-2 * Math.abs(x));
    return 4 * e / ((1 + e) * (1 + e));
  }
}
