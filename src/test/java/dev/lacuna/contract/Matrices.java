package dev.lacuna.contract;

/** Small dense products in double. */
final class Matrices {
  private Matrices() {}

  /** s s^T / scale for a square s of {@code n} rows. */
  static double[] timesTransposed(double[] s, double scale, int n) {
    double[] product = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = 0;
        for (int k = 0; k < n; k++) {
          sum += s[i * n + k] * s[j * n + k];
        }
        product[i * n + j] = sum / scale;
        product[j * n + i] = sum / scale;
      }
    }
    return product;
  }

  /** Frobenius norm. */
  static double frobenius(double[] a) {
    double sum = 0;
    for (double value : a) {
      sum += value * value;
    }
    return Math.sqrt(sum);
  }
}
