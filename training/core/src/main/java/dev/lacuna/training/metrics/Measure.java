package dev.lacuna.training.metrics;

import java.util.Locale;

/** What models are measured by: the name in metrics.json, and how people are to read it. */
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
          + " share of them that is right, over 15 bins of confidence; 0 is best.");

  private final String title;
  private final String reading;

  Measure(String title, String reading) {
    this.title = title;
    this.reading = reading;
  }

  /** The measure that has a name in metrics.json. */
  public static Measure named(String key) {
    return valueOf(key.toUpperCase(Locale.ROOT));
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
