package dev.lacuna.benchmarks;

/** The largest difference from a double reference, relative to its largest value. */
final class ErrorMeter {
  private double worst;
  private double scale;

  /** Notes a value; NaN on either side stays for good, unless both are. */
  ErrorMeter add(double got, double want) {
    if (!(Double.isNaN(got) && Double.isNaN(want))) {
      worst = Math.max(worst, Math.abs(got - want));
      scale = Math.max(scale, Math.abs(want));
    }
    return this;
  }

  /** Notes a row of values. */
  ErrorMeter add(float[] got, int offset, double[] want) {
    for (int i = 0; i < want.length; i++) {
      add(got[offset + i], want[i]);
    }
    return this;
  }

  /** max |got - want| / max |want|. */
  double relative() {
    return worst == 0 ? 0 : worst / scale;
  }
}
