package dev.lacuna.multimodal.cmg;

import java.util.function.ToDoubleFunction;

/** Central differences of a function of many numbers. */
final class PlainDifference {
  private static final double STEP = 1e-5;

  private PlainDifference() {}

  /** The gradient of a function at x. */
  static double[] of(double[] x, ToDoubleFunction<double[]> function) {
    double[] gradient = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double[] above = x.clone();
      double[] below = x.clone();
      above[i] += STEP;
      below[i] -= STEP;
      gradient[i] =
          (function.applyAsDouble(above) - function.applyAsDouble(below)) / (above[i] - below[i]);
    }
    return gradient;
  }
}
