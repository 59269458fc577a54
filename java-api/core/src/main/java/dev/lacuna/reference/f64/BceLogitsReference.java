package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.BceLogitsBwd;
import dev.lacuna.spi.OpLayouts.BceLogitsFwd;

/**
 * Mean binary cross-entropy of logits, as torch.nn.BCEWithLogitsLoss defines it: -(t log p + (1 -
 * t) log(1 - p)) with p = sigmoid(z), which is max(z, 0) - z t + log(1 + exp(-|z|)).
 */
final class BceLogitsReference {
  private BceLogitsReference() {}

  static void forward(Args args) {
    double[][] z = args.matrix(BceLogitsFwd.LOGITS);
    double[][] t = args.matrix(BceLogitsFwd.TARGET);
    int n = args.size(BceLogitsFwd.N);
    int c = args.size(BceLogitsFwd.C);
    check(args, n, c, t);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < c; j++) {
        double x = z[i][j];
        // max(x, 0) - x t without a difference of large numbers
        double linear = x > 0 ? x * (1 - t[i][j]) : -x * t[i][j];
        sum += linear + (double) Math.log1p(Math.exp(-Math.abs(x)));
      }
    }
    args.store(BceLogitsFwd.LOSS, new double[] {sum / n / c});
  }

  static void backward(Args args) {
    double[][] z = args.matrix(BceLogitsBwd.LOGITS);
    double[][] t = args.matrix(BceLogitsBwd.TARGET);
    int n = args.size(BceLogitsBwd.N);
    int c = args.size(BceLogitsBwd.C);
    check(args, n, c, t);
    double scale = args.row(BceLogitsBwd.DLOSS)[0] / n / c;
    double[][] gradient = new double[n][c];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < c; j++) {
        double p = 1 / (1 + (double) Math.exp(-z[i][j]));
        gradient[i][j] = scale * (p - t[i][j]);
      }
    }
    args.gradient(BceLogitsBwd.DLOGITS, BceLogitsBwd.ACC_DLOGITS, gradient);
  }

  private static void check(Args args, int n, int c, double[][] target) {
    if (n < 1 || c < 1) {
      throw args.invalid("logits are [" + n + ", " + c + "], want at least [1, 1]");
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < c; j++) {
        double t = target[i][j];
        if (!(t >= 0 && t <= 1)) {
          throw args.invalid("target[" + i + ", " + j + "] is " + t + ", want 0 to 1");
        }
      }
    }
  }
}
