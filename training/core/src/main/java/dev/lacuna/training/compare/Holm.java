package dev.lacuna.training.compare;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Holm's step-down correction for many tests (Holm, Scandinavian Journal of Statistics 1979). */
public final class Holm {
  private Holm() {}

  /**
   * Adjusted p-values, which hold the family-wise error rate whatever the dependence: of m sorted
   * ascending, the j-th (from 1) becomes the largest of min(1, (m - k + 1) p_k) over k at most j.
   *
   * @param p each in [0, 1]
   * @return in the order given
   */
  public static double[] adjust(double[] p) {
    for (int i = 0; i < p.length; i++) {
      if (!(p[i] >= 0 && p[i] <= 1)) {
        throw new IllegalArgumentException("p[" + i + "] is " + p[i] + ", want 0 to 1");
      }
    }
    List<Integer> order =
        IntStream.range(0, p.length).boxed().sorted(Comparator.comparingDouble(i -> p[i])).toList();
    double[] adjusted = new double[p.length];
    double largest = 0;
    for (int k = 0; k < p.length; k++) {
      int i = order.get(k);
      largest = Math.max(largest, Math.min(1, (p.length - k) * p[i]));
      adjusted[i] = largest;
    }
    return adjusted;
  }
}
