package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.VqQuantizeBwd;
import dev.lacuna.spi.OpLayouts.VqQuantizeFwd;

/**
 * Quantised rows, the commitment loss (Xia et al., NeurIPS 2023: to the own code and to those of
 * the other modalities), and the gradient estimators: straight-through (van den Oord et al., 2017)
 * and the rotation trick (Fifty et al., 2024).
 */
final class VqQuantizeReference {
  private static final int ROTATION = 1;

  private VqQuantizeReference() {}

  static void forward(Args args) {
    int m = modalities(args, VqQuantizeFwd.M);
    int n = args.size(VqQuantizeFwd.N);
    int d = args.size(VqQuantizeFwd.D);
    int[] index = args.ints(VqQuantizeFwd.INDEX);
    VqUpdateReference.checkCodes(args, index, args.size(VqQuantizeFwd.K));
    double[][] z = args.matrix(VqQuantizeFwd.Z);
    double[][] codebook = args.matrix(VqQuantizeFwd.CODEBOOK);
    double[][] q = new double[n][d];
    double own = 0;
    double cross = 0;
    for (int i = 0; i < n; i++) {
      if (index[i] < 0) {
        continue;
      }
      q[i] = codebook[index[i]];
      own += squaredDistance(z[i], q[i]);
      for (int o = 1; o < m; o++) {
        int code = index[o * n + i];
        cross += code < 0 ? 0 : squaredDistance(z[i], codebook[code]);
      }
    }
    double sum = args.real(VqQuantizeFwd.OWN) * own + args.real(VqQuantizeFwd.CROSS) * cross;
    args.store(VqQuantizeFwd.Q, q);
    args.store(VqQuantizeFwd.LOSS, new double[] {n == 0 || d == 0 ? 0 : sum / n / d});
  }

  private static double squaredDistance(double[] x, double[] y) {
    double sum = 0;
    for (int j = 0; j < x.length; j++) {
      sum += (x[j] - y[j]) * (x[j] - y[j]);
    }
    return sum;
  }

  static void backward(Args args) {
    int m = modalities(args, VqQuantizeBwd.M);
    int n = args.size(VqQuantizeBwd.N);
    int d = args.size(VqQuantizeBwd.D);
    long estimator = args.call().value(VqQuantizeBwd.ESTIMATOR);
    if (estimator < 0 || estimator > ROTATION) {
      throw args.invalid("estimator is " + estimator + ", want 0 or 1");
    }
    int[] index = args.ints(VqQuantizeBwd.INDEX);
    VqUpdateReference.checkCodes(args, index, args.size(VqQuantizeBwd.K));
    double[][] z = args.matrix(VqQuantizeBwd.Z);
    double[][] codebook = args.matrix(VqQuantizeBwd.CODEBOOK);
    double[][] dq = args.has(VqQuantizeBwd.DQ) ? args.matrix(VqQuantizeBwd.DQ) : new double[n][d];
    double dloss = args.has(VqQuantizeBwd.DLOSS) ? args.row(VqQuantizeBwd.DLOSS)[0] : 0;
    double[][] dz = new double[n][d];
    for (int i = 0; i < n; i++) {
      if (index[i] < 0) {
        continue;
      }
      dz[i] = estimator == ROTATION ? rotatedBack(dq[i], z[i], codebook[index[i]]) : dq[i].clone();
      for (int o = 0; o < m; o++) {
        int code = index[o * n + i];
        double weight = args.real(o == 0 ? VqQuantizeBwd.OWN : VqQuantizeBwd.CROSS);
        for (int j = 0; j < d && code >= 0; j++) {
          dz[i][j] += dloss * 2 / n / d * weight * (z[i][j] - codebook[code][j]);
        }
      }
    }
    args.gradient(VqQuantizeBwd.DZ, VqQuantizeBwd.ACC_DZ, dz);
  }

  /**
   * |q|/|z| R^T g with R = 1 - 2 r r^T + 2 v u^T, u = z/|z|, v = q/|q|, r = (u + v)/|u + v|;
   * without the term in r where u and v are opposite.
   */
  private static double[] rotatedBack(double[] g, double[] z, double[] q) {
    int d = g.length;
    double zNorm = (double) Math.sqrt(dot(z, z));
    double qNorm = (double) Math.sqrt(dot(q, q));
    double[] result = g.clone();
    if (zNorm == 0) {
      return result;
    }
    if (qNorm == 0) {
      return new double[d];
    }
    double[] u = new double[d];
    double[] v = new double[d];
    double[] sum = new double[d];
    for (int j = 0; j < d; j++) {
      u[j] = z[j] / zNorm;
      v[j] = q[j] / qNorm;
      sum[j] = u[j] + v[j];
    }
    double length = dot(sum, sum);
    double along = length < 1e-8 ? 0 : dot(sum, g) / length;
    double projected = dot(v, g);
    for (int j = 0; j < d; j++) {
      result[j] = qNorm / zNorm * (g[j] - 2 * along * sum[j] + 2 * projected * u[j]);
    }
    return result;
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int j = 0; j < x.length; j++) {
      sum += x[j] * y[j];
    }
    return sum;
  }

  private static int modalities(Args args, int field) {
    int m = args.size(field);
    if (m < 1) {
      throw args.invalid("m is 0, want >= 1");
    }
    return m;
  }
}
