package dev.lacuna.reference.f64;

/**
 * Products of small matrices held as rows; the inner loops run over whole rows so that the compiler
 * vectorises them.
 */
final class Matrices {
  private Matrices() {}

  /** a b. */
  static double[][] times(double[][] a, double[][] b, int cols) {
    double[][] product = new double[a.length][cols];
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < b.length; k++) {
        addScaled(product[i], a[i][k], b[k]);
      }
    }
    return product;
  }

  /** a^T. */
  static double[][] transposed(double[][] a, int cols) {
    double[][] transposed = new double[cols][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < cols; j++) {
        transposed[j][i] = a[i][j];
      }
    }
    return transposed;
  }

  /** y += scale x. */
  static void addScaled(double[] y, double scale, double[] x) {
    for (int j = 0; j < y.length; j++) {
      y[j] += scale * x[j];
    }
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  static double[] columnSums(double[][] a, int cols) {
    double[] sums = new double[cols];
    for (double[] row : a) {
      addScaled(sums, 1, row);
    }
    return sums;
  }
}
