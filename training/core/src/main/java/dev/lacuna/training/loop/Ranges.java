package dev.lacuna.training.loop;

/** Checks of options, for error texts of one kind. */
public final class Ranges {
  private Ranges() {}

  /** Fails unless a condition on an option is met. */
  public static void require(boolean met, String name, Number value, String wanted) {
    if (!met) {
      throw new IllegalArgumentException(name + " is " + value + ", want " + wanted);
    }
  }

  /** Fails unless an option is a finite number above 0. */
  public static void requirePositive(String name, double value) {
    require(value > 0 && value < Double.POSITIVE_INFINITY, name, value, "a number > 0");
  }
}
