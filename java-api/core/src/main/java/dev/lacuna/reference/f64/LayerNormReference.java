package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.LayerNormBwd;
import dev.lacuna.spi.OpLayouts.LayerNormFwd;
import java.util.Arrays;

/**
 * Layer normalisation as torch.nn.LayerNorm defines it: Ba, Kiros and Hinton, Layer Normalization,
 * 2016, equations 3 and 4 with the biased variance and eps under the root.
 */
final class LayerNormReference {
  private LayerNormReference() {}

  static void forward(Args args) {
    int n = args.size(LayerNormFwd.N);
    int d = args.size(LayerNormFwd.D);
    double eps = args.real(LayerNormFwd.EPS);
    if (!(eps >= 0 && eps < Double.POSITIVE_INFINITY)) {
      throw args.invalid("eps is " + eps + ", want a finite number >= 0");
    }
    double[][] y = args.matrix(LayerNormFwd.X);
    double[] gamma = orElse(args, LayerNormFwd.GAMMA, d, 1);
    double[] beta = orElse(args, LayerNormFwd.BETA, d, 0);
    double[][] means = new double[n][1];
    double[][] rstds = new double[n][1];
    for (int i = 0; i < n; i++) {
      double mean = average(y[i]);
      for (int j = 0; j < d; j++) {
        y[i][j] -= mean;
      }
      double variance = Matrices.dot(y[i], y[i]) / d;
      double rstd = 1 / (double) Math.sqrt(variance + eps);
      for (int j = 0; j < d; j++) {
        y[i][j] = gamma[j] * y[i][j] * rstd + beta[j];
      }
      means[i][0] = mean;
      rstds[i][0] = rstd;
    }
    args.store(LayerNormFwd.Y, y);
    args.store(LayerNormFwd.MEAN, means);
    args.store(LayerNormFwd.RSTD, rstds);
  }

  static void backward(Args args) {
    args.flag(LayerNormBwd.ACC_DX);
    args.flag(LayerNormBwd.ACC_DGAMMA);
    args.flag(LayerNormBwd.ACC_DBETA);
    int n = args.size(LayerNormBwd.N);
    int d = args.size(LayerNormBwd.D);
    double[][] dy = args.matrix(LayerNormBwd.DY);
    double[][] x = args.matrix(LayerNormBwd.X);
    double[] gamma = orElse(args, LayerNormBwd.GAMMA, d, 1);
    double[][] mean = args.matrix(LayerNormBwd.MEAN);
    double[][] rstd = args.matrix(LayerNormBwd.RSTD);
    double[][] dx = new double[n][d];
    double[] dgamma = new double[d];
    double[] g = new double[d];
    double[] normalized = new double[d];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        g[j] = dy[i][j] * gamma[j];
        normalized[j] = (x[i][j] - mean[i][0]) * rstd[i][0];
        dgamma[j] += dy[i][j] * normalized[j];
      }
      double average = average(g);
      double along = Matrices.dot(g, normalized) / d;
      for (int j = 0; j < d; j++) {
        dx[i][j] = rstd[i][0] * (g[j] - average - normalized[j] * along);
      }
    }
    args.gradient(LayerNormBwd.DX, LayerNormBwd.ACC_DX, dx);
    args.gradient(LayerNormBwd.DGAMMA, LayerNormBwd.ACC_DGAMMA, dgamma);
    args.gradient(LayerNormBwd.DBETA, LayerNormBwd.ACC_DBETA, Matrices.columnSums(dy, d));
  }

  private static double[] orElse(Args args, int field, int d, int value) {
    double[] row = new double[d];
    Arrays.fill(row, value);
    return args.has(field) ? args.row(field) : row;
  }

  private static double average(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += value;
    }
    return sum / x.length;
  }
}
