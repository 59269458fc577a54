package dev.lacuna.reference.f64;

/** The standard normal distribution. */
final class Normal {
  /** 1 / sqrt(2 pi). */
  private static final double PEAK = (double) 0.3989422804014327;

  /** Where the fraction takes over from the series: 60 of its terms suffice from here on. */
  private static final double TAIL = (double) 2.5;

  private static final int TERMS = 60;

  private Normal() {}

  static double density(double x) {
    return PEAK * (double) Math.exp(-x * x / 2);
  }

  /**
   * The distribution function by formulas 26.2.11 and, in the tails, 26.2.14 of Abramowitz and
   * Stegun, Handbook of Mathematical Functions; the lower tail has the relative accuracy of the
   * density.
   */
  static double cdf(double x) {
    double t = Math.abs(x);
    if (t < TAIL) {
      return (double) 0.5 + density(x) * series(x);
    }
    double tail = density(x) / fraction(t);
    return x < 0 ? tail : 1 - tail;
  }

  /** x + x^3 / 3 + x^5 / (3 5) + ... */
  private static double series(double x) {
    double sum = 0;
    double term = x;
    for (int k = 3; sum + term != sum; k += 2) {
      sum += term;
      term *= x * x / k;
    }
    return sum;
  }

  /** t + 1 / (t + 2 / (t + 3 / ...)). */
  private static double fraction(double t) {
    double f = t;
    for (int k = TERMS; k > 0; k--) {
      f = t + k / f;
    }
    return f;
  }
}
