package dev.lacuna.contract;

/** Small dense products in double. */
final class Matrices {
  private Matrices() {}

  /**
   * c P [s, s] of recursive least squares, held in a form: S S^T, M - u^T u, or I - U^T U with as
   * many rows as were absorbed.
   */
  static double[] rls(int form, double[] factor, int s, int absorbed) {
    double[] product = new double[s * s];
    for (int i = 0; i < s; i++) {
      for (int j = 0; j <= i; j++) {
        double sum =
            switch (form) {
              case RlsCases.POTTER -> dot(factor, i * s, 1, j * s, s);
              case RlsCases.PLAIN -> factor[i * s + j] - factor[s * s + i] * factor[s * s + j];
              default -> (i == j ? 1 : 0) - dot(factor, i, s, j, absorbed);
            };
        product[i * s + j] = sum;
        product[j * s + i] = sum;
      }
    }
    return product;
  }

  private static double dot(double[] a, int i, int stride, int j, int count) {
    double sum = 0;
    for (int k = 0; k < count; k++) {
      sum += a[i + k * stride] * a[j + k * stride];
    }
    return sum;
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
