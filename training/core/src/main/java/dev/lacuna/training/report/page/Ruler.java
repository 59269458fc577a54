package dev.lacuna.training.report.page;

import dev.lacuna.training.report.Diagnostic.Scale;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * An axis from its first to its last value, with the round numbers to write on it.
 *
 * @param scale how it is divided
 * @param low its first value
 * @param high its last value, above low
 * @param ticks round numbers from low to high
 */
record Ruler(Scale scale, double low, double high, List<Double> ticks) {
  /** Steps of ticks, times a power of ten. */
  private static final double[] STEPS = {1, 2, 2.5, 5, 10};

  /** Decades that a logarithmic axis shows at most: what is smaller lies at its start. */
  private static final int DECADES = 8;

  /** With more decimals, or from this size on, numbers are written with an exponent. */
  private static final int DECIMALS_MOST = 4;

  private static final double LARGE = 1e5;

  /** One that reaches over values, NaN aside, in about so many steps. */
  static Ruler over(double[] values, Scale scale, int steps) {
    double[] real = Arrays.stream(values).filter(Double::isFinite).toArray();
    return scale == Scale.LOG ? decades(real) : linear(real, steps, 0);
  }

  /** One over whole numbers, which begins and ends at the first and the last of them. */
  static Ruler exactly(double[] values, int steps) {
    boolean whole = Arrays.stream(values).allMatch(v -> v == Math.rint(v));
    Ruler round = linear(values, steps, whole ? 1 : 0);
    double low = Arrays.stream(values).min().orElse(round.low);
    double high = Arrays.stream(values).max().orElse(round.high);
    if (low == high) {
      return new Ruler(Scale.LINEAR, low - 0.5, high + 0.5, List.of(low));
    }
    List<Double> inside = round.ticks.stream().filter(t -> t >= low && t <= high).toList();
    return new Ruler(Scale.LINEAR, low, high, inside);
  }

  private static Ruler linear(double[] values, int steps, double least) {
    double low = Arrays.stream(values).min().orElse(0);
    double high = Arrays.stream(values).max().orElse(1);
    if (low == high) {
      // towards 0, so that a share of 1 gets no axis beyond it
      double around = low == 0 ? 1 : Math.abs(low) * 0.1;
      if (low > 0) {
        low -= around;
      } else {
        high += around;
      }
    }
    double step = Math.max(least, step((high - low) / steps));
    long first = (long) Math.floor(low / step + 1e-9);
    long last = (long) Math.ceil(high / step - 1e-9);
    List<Double> ticks = new ArrayList<>();
    for (long i = first; i <= last; i++) {
      ticks.add(i * step);
    }
    return new Ruler(Scale.LINEAR, first * step, last * step, ticks);
  }

  /** The round number next above. */
  private static double step(double about) {
    double power = Math.pow(10, Math.floor(Math.log10(about)));
    for (double step : STEPS) {
      if (step * power >= about * (1 - 1e-9)) {
        return step * power;
      }
    }
    return 10 * power;
  }

  private static Ruler decades(double[] values) {
    double most = Arrays.stream(values).filter(v -> v > 0).max().orElse(1);
    double least = Arrays.stream(values).filter(v -> v > 0).min().orElse(most);
    int last = (int) Math.ceil(Math.log10(most) - 1e-9);
    int first = (int) Math.floor(Math.log10(least) + 1e-9);
    first = Math.clamp(first, last - DECADES, last - 1);
    int step = Math.ceilDiv(last - first, 4);
    List<Double> ticks = new ArrayList<>();
    for (int power = last; power >= first; power -= step) {
      ticks.addFirst(Math.pow(10, power));
    }
    return new Ruler(Scale.LOG, Math.pow(10, first), Math.pow(10, last), ticks);
  }

  /** Where a value lies, from 0 to 1; what is beyond an end lies at it. */
  double share(double value) {
    double share =
        scale == Scale.LOG
            ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
            : (value - low) / (high - low);
    return Math.clamp(share, 0, 1);
  }

  /** What is written at a tick. */
  String label(double tick) {
    if (scale == Scale.LOG) {
      int power = (int) Math.rint(Math.log10(tick));
      return power >= -3 && power <= 4
          ? Html.number(tick, Math.max(0, -power))
          : String.format(Locale.ROOT, "1e%d", power);
    }
    int decimals = Math.max(0, decimals(ticks.size() < 2 ? tick : ticks.get(1) - ticks.get(0)));
    if (decimals > DECIMALS_MOST || Math.max(Math.abs(low), Math.abs(high)) >= LARGE) {
      return scientific(tick);
    }
    return Html.number(tick == 0 ? 0 : tick, decimals);
  }

  /** How many decimals a number has, some rounding aside; negative where it ends with zeros. */
  private static int decimals(double value) {
    return new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros().scale();
  }

  /** Such as 1.05e9. */
  static String scientific(double value) {
    if (value == 0) {
      return "0";
    }
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(3)).stripTrailingZeros();
    int power = rounded.precision() - rounded.scale() - 1;
    return rounded.movePointLeft(power).toPlainString() + "e" + power;
  }
}
