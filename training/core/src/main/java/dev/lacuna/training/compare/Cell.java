package dev.lacuna.training.compare;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.math.BigDecimal;
import java.util.regex.Pattern;

/**
 * What one training left: one system, trained at one missing rate with one seed.
 *
 * @param system name of the system: letters, digits, - and _, at most 20
 * @param rate share of samples that lack a modality, in [0, 1]
 * @param seed of the training
 * @param right whether test sample i was classified correctly, under the stored missing table of
 *     this rate; not to be changed
 * @param validationAccuracy in [0, 1]
 * @param seconds that the training took
 * @param diverged whether training ended in numbers that are not finite; then nothing is right
 */
public record Cell(
    String system,
    double rate,
    long seed,
    boolean[] right,
    double validationAccuracy,
    double seconds,
    boolean diverged) {
  /** What a file name, a column of the table and the legend of the figure have room for. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,19}");

  /** Checks name and ranges. */
  public Cell {
    if (!NAME.matcher(system).matches()) {
      throw bad("system is '" + system + "', want 1 to 20 letters, digits, - and _");
    }
    require("rate", rate, 1);
    require("validation accuracy", validationAccuracy, 1);
    require("seconds", seconds, Double.MAX_VALUE);
    if (right.length == 0) {
      throw bad("right is empty, want one value a test sample");
    }
    if (diverged && (validationAccuracy > 0 || share(right) > 0)) {
      throw bad("training diverged, but there are samples that are right");
    }
  }

  /** Of a training that came to its end. */
  public Cell(
      String system,
      double rate,
      long seed,
      boolean[] right,
      double validationAccuracy,
      double seconds) {
    this(system, rate, seed, right, validationAccuracy, seconds, false);
  }

  /** Of a training that diverged: a model that is of no use counts as one that is always wrong. */
  static Cell diverged(String system, double rate, long seed, int samples, double seconds) {
    return new Cell(system, rate, seed, new boolean[samples], 0, seconds, true);
  }

  private static void require(String name, double value, double most) {
    if (!(value >= 0 && value <= most)) {
      throw bad(name + " is " + value + ", want " + (most == 1 ? "0 to 1" : "0 or more"));
    }
  }

  /** Share of test samples that are right. */
  public double accuracy() {
    return share(right);
  }

  private static double share(boolean[] right) {
    int count = 0;
    for (boolean one : right) {
      count += one ? 1 : 0;
    }
    return (double) count / right.length;
  }

  @Override
  public String toString() {
    return title(system, rate, seed);
  }

  static String title(String system, double rate, long seed) {
    return system + " at rate " + shortest(rate) + ", seed " + seed;
  }

  /** 0, 0.3: no more digits than needed. */
  static String shortest(double rate) {
    return BigDecimal.valueOf(rate).stripTrailingZeros().toPlainString();
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "cell of a comparison: " + message);
  }
}
