package dev.lacuna.training.metrics;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What models are measured by: the name in metrics.json, and how people are to read it. Samples
 * that have one class each are measured by accuracy, macro F1, calibration error and, of two
 * classes, AUROC; multi-label samples by both F1 and mean average precision.
 */
public enum Measure {
  /** {@link Accuracy}. */
  ACCURACY("Accuracy", "Share of n samples that are classified right; the higher, the better."),

  /** {@link Classification#macroF1}. */
  MACRO_F1(
      "Macro F1",
      "Mean over classes of F1, the harmonic mean of precision and recall, on n samples; the"
          + " higher, the better. Unlike accuracy it counts rare classes as much as others."),

  /** {@link Calibration}. */
  ECE(
      "Calibration error",
      "Expected calibration error on n samples: how far the confidence of predictions is from the"
          + " share of them that is right, over 15 bins of confidence; 0 is best."),

  /** {@link Ranking#auroc} of the second of two classes. */
  AUROC(
      "AUROC",
      "Chance that of two samples, one of each class, the one of the second class gets the higher"
          + " score for it, on n samples; 0.5 is guessing, 1 is best."),

  /** {@link Classification#microF1}. */
  MICRO_F1(
      "Micro F1",
      "F1, the harmonic mean of precision and recall, over all decisions on n samples together;"
          + " the higher, the better. Frequent classes count most."),

  /** {@link Ranking#meanAveragePrecision}. */
  MAP(
      "Mean average precision",
      "Mean over classes of the area under the curve of precision against recall, on n samples;"
          + " 1 is best. It asks how classes rank samples, not where one draws the line.");

  private final String title;
  private final String reading;

  Measure(String title, String reading) {
    this.title = title;
    this.reading = reading;
  }

  /** What epochs are chosen by: accuracy, or macro F1 where samples are multi-label. */
  public static Measure choosing(boolean multiLabel) {
    return multiLabel ? MACRO_F1 : ACCURACY;
  }

  /** The measure that has a name in metrics.json; none for numbers that only some systems have. */
  public static Optional<Measure> named(String key) {
    return Arrays.stream(values()).filter(measure -> measure.key().equals(key)).findFirst();
  }

  /** The name in metrics.json. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The name for people. */
  public String title() {
    return title;
  }

  /** Whole sentences that say what it is and which way is better. */
  public String reading() {
    return reading;
  }
}
