package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.Vicreg;
import java.util.Arrays;

/**
 * Variance, invariance and covariance (Bardes, Ponce, LeCun, VICReg, ICLR 2022), with the gradients
 * of
 *
 * <pre>lambda s + mu h (v(x) + v(y)) + nu (c(x) + c(y))</pre>
 *
 * One row of the covariance matrix at a time, whatever form is asked for.
 */
final class VicRegReference {
  private final Args args;
  private final int n;
  private final int d;
  private final double h;

  private VicRegReference(Args args) {
    this.args = args;
    n = args.size(Vicreg.N);
    d = args.size(Vicreg.D);
    h = args.flag(Vicreg.HALVING) ? (double) 0.5 : 1;
  }

  static void lossAndGradients(Args args) {
    check(args);
    new VicRegReference(args).run();
  }

  private static void check(Args args) {
    if (args.size(Vicreg.N) < 2) {
      throw args.invalid("n is " + args.size(Vicreg.N) + ", want >= 2: a variance needs two rows");
    }
    if (args.size(Vicreg.D) < 1) {
      throw args.invalid("d is " + args.size(Vicreg.D) + ", want >= 1");
    }
    if (args.size(Vicreg.FORM) < 0 || args.size(Vicreg.FORM) > 2) {
      throw args.invalid("form is " + args.size(Vicreg.FORM) + ", want 0, 1 or 2");
    }
    args.flag(Vicreg.ACC_DX);
    args.flag(Vicreg.ACC_DY);
    if (!(args.real(Vicreg.EPSILON) > 0)) {
      throw args.invalid("epsilon is " + args.real(Vicreg.EPSILON) + ", want > 0");
    }
  }

  private void run() {
    boolean invarianceOnly = args.flag(Vicreg.TARGET);
    double[][] x = args.matrix(Vicreg.X);
    double[][] y = args.matrix(Vicreg.Y);
    double[][] dx = invariance(x, y);
    double[][] dy = invariance(y, x);
    double s = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        s += (x[i][j] - y[i][j]) * (x[i][j] - y[i][j]);
      }
    }
    s /= (double) n * d;
    double[] ofX = spread(x, dx);
    double[] ofY = invarianceOnly ? new double[2] : spread(y, dy);
    double loss = args.real(Vicreg.LAMBDA) * s;
    loss += args.real(Vicreg.MU) * h * (ofX[0] + ofY[0]);
    loss += args.real(Vicreg.NU) * (ofX[1] + ofY[1]);
    args.store(Vicreg.LOSS, new double[] {loss});
    args.store(Vicreg.TERMS, new double[] {s, ofX[0], ofY[0], ofX[1], ofY[1]});
    args.gradient(Vicreg.DX, Vicreg.ACC_DX, dx);
    args.gradient(Vicreg.DY, Vicreg.ACC_DY, dy);
  }

  /** The gradient of lambda s for z: 2 lambda / (n d) (z - other). */
  private double[][] invariance(double[][] z, double[][] other) {
    double scale = 2 * args.real(Vicreg.LAMBDA) / ((double) n * d);
    double[][] gradient = new double[n][d];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < d; j++) {
        gradient[i][j] = scale * (z[i][j] - other[i][j]);
      }
    }
    return gradient;
  }

  /**
   * {v(z), c(z)}; adds the gradient of mu h v + nu c, which is, with zc = z - its column means,
   *
   * <pre>
   * -mu h / (d (n - 1)) zc diag(1[sd < gamma] / sd) + 4 nu / (d (n - 1)) zc (cov - diag cov)</pre>
   */
  private double[] spread(double[][] z, double[][] gradient) {
    double degrees = n - 1;
    double[][] columns = centredColumns(z);
    double v = 0;
    double c = 0;
    double[] sum = new double[n];
    for (int i = 0; i < d; i++) {
      Arrays.fill(sum, 0);
      for (int j = 0; j < d; j++) {
        if (j != i) {
          double covariance = Matrices.dot(columns[i], columns[j]) / degrees;
          c += covariance * covariance / d;
          Matrices.addScaled(
              sum, 4 * args.real(Vicreg.NU) * covariance / (d * degrees), columns[j]);
        }
      }
      double variance = Matrices.dot(columns[i], columns[i]) / degrees;
      double sd = (double) Math.sqrt(variance + args.real(Vicreg.EPSILON));
      v += Math.max(0, args.real(Vicreg.GAMMA) - sd) / d;
      if (sd < args.real(Vicreg.GAMMA)) {
        Matrices.addScaled(sum, -args.real(Vicreg.MU) * h / (d * degrees * sd), columns[i]);
      }
      for (int row = 0; row < n; row++) {
        gradient[row][i] += sum[row];
      }
    }
    return new double[] {v, c};
  }

  /**
   * z^T with the mean of each row taken away, measured from its first number: a constant column has
   * exactly its own mean.
   */
  private double[][] centredColumns(double[][] z) {
    double[][] columns = Matrices.transposed(z, d);
    for (double[] column : columns) {
      double first = column[0];
      double sum = 0;
      for (double value : column) {
        sum += value - first;
      }
      double mean = first + sum / n;
      for (int i = 0; i < n; i++) {
        column[i] -= mean;
      }
    }
    return columns;
  }
}
