package dev.lacuna.contract;

import dev.lacuna.CounterRandom;

/**
 * How a tensor of a case gets its values; they are floats, so that every back end starts from the
 * same numbers.
 */
@FunctionalInterface
interface Fill {
  /** Element {@code i} of the dense tensor. */
  double at(CounterRandom random, int i);

  /** Standard normal. */
  Fill NORMAL = (random, i) -> (float) random.normal(i);

  /** Whole numbers from -4 to 4: sums of products are exact in float. */
  Fill SMALL_INTEGERS = (random, i) -> random.below(i, 9) - 4;

  /** Zero everywhere. */
  Fill ZERO = (random, i) -> 0;

  /** What arithmetic treats specially, among ordinary numbers. */
  Fill SPECIAL =
      (random, i) ->
          switch (random.below(2L * i, 9)) {
            case 0 -> 0.0;
            case 1 -> -0.0;
            case 2 -> Double.POSITIVE_INFINITY;
            case 3 -> Double.NEGATIVE_INFINITY;
            case 4 -> Double.NaN;
            case 5 -> Float.MIN_VALUE;
            case 6 -> -Float.MIN_NORMAL;
            default -> (float) random.normal(i);
          };

  /** Whole numbers in [0, bound). */
  static Fill below(long bound) {
    return (random, i) -> random.below(i, Math.toIntExact(bound));
  }

  /** scale x + shift of a standard normal x. */
  static Fill normal(double scale, double shift) {
    return (random, i) -> (float) (scale * (float) random.normal(i) + shift);
  }

  /** Standard normal, but for a NaN at one place. */
  static Fill nanAt(int place) {
    return (random, i) -> i == place ? Double.NaN : (float) random.normal(i);
  }

  /** One value everywhere. */
  static Fill constant(double value) {
    return (random, i) -> value;
  }
}
