package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.MaxPool2dBwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dFwd;

/**
 * Maximum of each k x k window, first on ties, NaN above all; the gradient goes to where the
 * maximum was.
 */
final class MaxPool2dReference {
  private MaxPool2dReference() {}

  static void forward(Args args) {
    int h = args.size(MaxPool2dFwd.H);
    int w = args.size(MaxPool2dFwd.W);
    int hOut = args.size(MaxPool2dFwd.H_OUT);
    int wOut = args.size(MaxPool2dFwd.W_OUT);
    int k = args.size(MaxPool2dFwd.K);
    int stride = args.size(MaxPool2dFwd.STRIDE);
    if (k < 1 || stride < 1) {
      throw args.invalid("k is " + k + " and stride " + stride + ", want >= 1");
    }
    if (h < k || w < k) {
      throw args.invalid("k is " + k + ", want at most h = " + h + " and w = " + w);
    }
    if (hOut != (h - k) / stride + 1 || wOut != (w - k) / stride + 1) {
      throw args.invalid(
          "h_out x w_out is "
              + hOut
              + " x "
              + wOut
              + ", want "
              + ((h - k) / stride + 1)
              + " x "
              + ((w - k) / stride + 1));
    }
    double[][] x = args.matrix(MaxPool2dFwd.X);
    double[][] y = new double[args.size(MaxPool2dFwd.N) * args.size(MaxPool2dFwd.C) * hOut][wOut];
    int[] index = new int[y.length * wOut];
    for (int row = 0; row < y.length; row++) {
      int image = row / hOut * h;
      for (int s = 0; s < wOut; s++) {
        int best = -1;
        for (int u = 0; u < k; u++) {
          for (int v = 0; v < k; v++) {
            int r = row % hOut * stride + u;
            int c = s * stride + v;
            double value = x[image + r][c];
            boolean firstNaN = Double.isNaN(value) && !Double.isNaN(y[row][s]);
            if (best < 0 || value > y[row][s] || firstNaN) {
              best = r * w + c;
              y[row][s] = value;
            }
          }
        }
        index[row * wOut + s] = best;
      }
    }
    args.store(MaxPool2dFwd.Y, y);
    args.store(MaxPool2dFwd.INDEX, index);
  }

  static void backward(Args args) {
    int h = args.size(MaxPool2dBwd.H);
    int w = args.size(MaxPool2dBwd.W);
    int hOut = args.size(MaxPool2dBwd.H_OUT);
    int wOut = args.size(MaxPool2dBwd.W_OUT);
    double[][] dy = args.matrix(MaxPool2dBwd.DY);
    int[] index = args.ints(MaxPool2dBwd.INDEX);
    double[][] dx = new double[args.size(MaxPool2dBwd.N) * args.size(MaxPool2dBwd.C) * h][w];
    for (int row = 0; row < dy.length; row++) {
      for (int s = 0; s < wOut; s++) {
        int at = index[row * wOut + s];
        if (at < 0 || at >= h * w) {
          throw args.invalid("an index is " + at + ", want 0 to " + (h * w - 1));
        }
        dx[row / hOut * h + at / w][at % w] += dy[row][s];
      }
    }
    args.gradient(MaxPool2dBwd.DX, MaxPool2dBwd.ACC_DX, dx);
  }
}
