package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.Conv2dBwd;
import dev.lacuna.spi.OpLayouts.Conv2dFwd;

/**
 * y[i,o,r,s] = bias[o] + sum over c,u,v of weight[o,c,u,v] x[i,c, r stride + u - pad, s stride + v
 * - pad], zero outside; the gradients are its adjoints. Matrices hold one image row a row.
 */
final class Conv2dReference {
  private final int n;
  private final int cIn;
  private final int h;
  private final int w;
  private final int cOut;
  private final int kh;
  private final int kw;
  private final int hOut;
  private final int wOut;
  private final int stride;
  private final int pad;

  /** The sizes lie at the same indices in the forward and in the backward call. */
  private Conv2dReference(Args args) {
    n = args.size(Conv2dFwd.N);
    cIn = args.size(Conv2dFwd.C_IN);
    h = args.size(Conv2dFwd.H);
    w = args.size(Conv2dFwd.W);
    cOut = args.size(Conv2dFwd.C_OUT);
    kh = args.size(Conv2dFwd.KH);
    kw = args.size(Conv2dFwd.KW);
    hOut = args.size(Conv2dFwd.H_OUT);
    wOut = args.size(Conv2dFwd.W_OUT);
    stride = args.size(Conv2dFwd.STRIDE);
    pad = args.size(Conv2dFwd.PAD);
    if (stride < 1 || pad < 0) {
      throw args.invalid("stride is " + stride + " and pad " + pad + ", want >= 1 and >= 0");
    }
    if (kh < 1 || kw < 1 || h + 2 * pad < kh || w + 2 * pad < kw) {
      throw args.invalid(
          "kh x kw is "
              + kh
              + " x "
              + kw
              + ", want 1 x 1 to "
              + (h + 2 * pad)
              + " x "
              + (w + 2 * pad));
    }
    int wantH = (h + 2 * pad - kh) / stride + 1;
    int wantW = (w + 2 * pad - kw) / stride + 1;
    if (hOut != wantH || wOut != wantW) {
      throw args.invalid(
          "h_out x w_out is " + hOut + " x " + wOut + ", want " + wantH + " x " + wantW);
    }
  }

  /** What happens at each pair of an output row and the input row that one kernel row meets. */
  private interface Rows {
    void meet(int output, int input, int kernelRow);
  }

  private void forEachRow(Rows rows) {
    for (int i = 0; i < n; i++) {
      for (int o = 0; o < cOut; o++) {
        for (int c = 0; c < cIn; c++) {
          for (int u = 0; u < kh; u++) {
            for (int r = 0; r < hOut; r++) {
              int row = r * stride + u - pad;
              if (row >= 0 && row < h) {
                rows.meet(
                    (i * cOut + o) * hOut + r, (i * cIn + c) * h + row, (o * cIn + c) * kh + u);
              }
            }
          }
        }
      }
    }
  }

  /** First output column whose input column for kernel column v lies inside the image. */
  private int first(int v) {
    return Math.max(0, (pad - v + stride - 1) / stride);
  }

  /** One past the last such output column. */
  private int end(int v) {
    int last = w - 1 + pad - v;
    return last < 0 ? 0 : Math.min(wOut, last / stride + 1);
  }

  static void forward(Args args) {
    Conv2dReference conv = new Conv2dReference(args);
    double[][] x = args.matrix(Conv2dFwd.X);
    double[][] weight = args.matrix(Conv2dFwd.WEIGHT);
    double[][] y = new double[conv.n * conv.cOut * conv.hOut][conv.wOut];
    conv.forEachRow((output, input, kernelRow) -> {
      for (int v = 0; v < conv.kw; v++) {
        for (int s = conv.first(v); s < conv.end(v); s++) {
          y[output][s] += weight[kernelRow][v] * x[input][s * conv.stride + v - conv.pad];
        }
      }
    });
    if (args.has(Conv2dFwd.BIAS)) {
      double[] bias = args.row(Conv2dFwd.BIAS);
      for (int row = 0; row < y.length; row++) {
        for (int s = 0; s < conv.wOut; s++) {
          y[row][s] += bias[row / conv.hOut % conv.cOut];
        }
      }
    }
    args.store(Conv2dFwd.Y, y);
  }

  static void backward(Args args) {
    Conv2dReference conv = new Conv2dReference(args);
    double[][] dy = args.matrix(Conv2dBwd.DY);
    double[][] x = args.matrix(Conv2dBwd.X);
    double[][] weight = args.matrix(Conv2dBwd.WEIGHT);
    double[][] dx = new double[x.length][conv.w];
    double[][] dweight = new double[weight.length][conv.kw];
    conv.forEachRow((output, input, kernelRow) -> {
      for (int v = 0; v < conv.kw; v++) {
        for (int s = conv.first(v); s < conv.end(v); s++) {
          int column = s * conv.stride + v - conv.pad;
          dx[input][column] += weight[kernelRow][v] * dy[output][s];
          dweight[kernelRow][v] += x[input][column] * dy[output][s];
        }
      }
    });
    double[] dbias = new double[conv.cOut];
    for (int row = 0; row < dy.length; row++) {
      for (double value : dy[row]) {
        dbias[row / conv.hOut % conv.cOut] += value;
      }
    }
    args.gradient(Conv2dBwd.DX, Conv2dBwd.ACC_DX, dx);
    args.gradient(Conv2dBwd.DWEIGHT, Conv2dBwd.ACC_DWEIGHT, dweight);
    args.gradient(Conv2dBwd.DBIAS, Conv2dBwd.ACC_DBIAS, dbias);
  }
}
