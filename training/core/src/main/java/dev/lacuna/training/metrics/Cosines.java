package dev.lacuna.training.metrics;

import java.util.Arrays;

/** Cosines of vectors. */
public final class Cosines {
  private Cosines() {}

  /**
   * Cosines of all vectors with all others.
   *
   * @param left [n][width]
   * @param right [m][width]
   * @return [n][m]; 0 where one of the two is 0
   */
  public static double[][] of(double[][] left, double[][] right) {
    double[][] from = unit(left);
    double[][] to = unit(right);
    return Arrays.stream(from)
        .map(x -> Arrays.stream(to).mapToDouble(y -> dot(x, y)).toArray())
        .toArray(double[][]::new);
  }

  private static double[][] unit(double[][] rows) {
    return Arrays.stream(rows)
        .map(row -> {
          double norm = Math.sqrt(dot(row, row));
          return Arrays.stream(row).map(v -> norm > 0 ? v / norm : 0).toArray();
        })
        .toArray(double[][]::new);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      sum += a[k] * b[k];
    }
    return sum;
  }
}
