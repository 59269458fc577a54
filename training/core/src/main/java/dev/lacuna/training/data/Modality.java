package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;

/**
 * The features of one modality, shared by all splits: real numbers, or the token ids of texts.
 *
 * <p>A feature may be a sequence: its channels are those of the first step, then those of the
 * second and so on, so that who knows nothing of sequences reads it as any other feature.
 *
 * @param name such as {@code image}; it is what {@code --missing} and the patterns call it
 * @param channels channels of a feature, of all its steps together
 * @param height rows of a feature; mel bands of sound
 * @param width columns of a feature; frames of sound, positions of a text
 * @param rows rows[r] is one feature, [channels, height, width] flattened row-major; not to be
 *     changed
 * @param scaling what was done to the features, to be done again to those that come later
 * @param vocabulary 0 where the values are real numbers; otherwise they are token ids, 0 to
 *     vocabulary - 1, of shape [1, 1, width], each row one token or more with {@link #PAD} behind
 *     them
 * @param steps steps of a sequence, 1 where a feature is none; divides channels
 */
public record Modality(
    String name,
    int channels,
    int height,
    int width,
    float[][] rows,
    Scaling scaling,
    int vocabulary,
    int steps) {
  /** The id that fills up a text, BERT's {@code [PAD]}. */
  public static final int PAD = 0;

  /** Beyond it a float does not hold every whole number. */
  private static final int MOST_IDS = 1 << 24;

  /** Real numbers that are as they were found. */
  public Modality(String name, int channels, int height, int width, float[][] rows) {
    this(name, channels, height, width, rows, Scaling.NONE);
  }

  /** Real numbers. */
  public Modality(
      String name, int channels, int height, int width, float[][] rows, Scaling scaling) {
    this(name, channels, height, width, rows, scaling, 0);
  }

  /** Features that are no sequences. */
  public Modality(
      String name,
      int channels,
      int height,
      int width,
      float[][] rows,
      Scaling scaling,
      int vocabulary) {
    this(name, channels, height, width, rows, scaling, vocabulary, 1);
  }

  /**
   * Sequences of real numbers.
   *
   * @param stepChannels channels of a step
   * @param rows rows[r] is one sequence, [steps, stepChannels, height, width]
   * @throws LacunaException as the constructor does, or where there are no steps or channels
   */
  public static Modality ofSequences(
      String name,
      int steps,
      int stepChannels,
      int height,
      int width,
      float[][] rows,
      Scaling scaling) {
    long channels = (long) steps * stepChannels;
    if (steps < 1 || stepChannels < 1 || channels > Integer.MAX_VALUE) {
      throw bad(
          name
              + " has "
              + steps
              + " steps of "
              + stepChannels
              + " channels, want each >= 1 and fewer than 2^31 values");
    }
    return new Modality(name, (int) channels, height, width, rows, scaling, 0, steps);
  }

  /** Texts of up to so many tokens. */
  public static Modality ofTokens(String name, int length, int vocabulary, float[][] rows) {
    return new Modality(name, 1, 1, length, rows, Scaling.NONE, vocabulary);
  }

  /**
   * Checks that every row has the width of the shape and no NaN or infinity, and that tokens are
   * what they have to be.
   */
  public Modality {
    long size = (long) channels * height * width;
    if (channels < 1 || height < 1 || width < 1 || size > Integer.MAX_VALUE) {
      throw bad(
          name
              + " has features of "
              + channels
              + " x "
              + height
              + " x "
              + width
              + ", want each >= 1 and fewer than 2^31 values");
    }
    if (steps < 1 || channels % steps != 0) {
      throw bad(
          name + " has " + steps + " steps in " + channels + " channels, want steps of one size");
    }
    if (vocabulary != 0) {
      checkVocabulary(name, channels, height, scaling, vocabulary);
    }
    for (int row = 0; row < rows.length; row++) {
      if (rows[row].length != size) {
        throw bad(
            name
                + " row "
                + row
                + " has "
                + rows[row].length
                + " values, want "
                + channels
                + " x "
                + height
                + " x "
                + width
                + " = "
                + size);
      }
      if (vocabulary == 0) {
        checkFinite(name, row, rows[row]);
      } else {
        checkTokens(name, row, rows[row], vocabulary);
      }
    }
  }

  private static void checkVocabulary(
      String name, int channels, int height, Scaling scaling, int vocabulary) {
    if (vocabulary < 3 || vocabulary > MOST_IDS) {
      throw bad(
          name + " has a vocabulary of " + vocabulary + ", want 0 for none or 3 to " + MOST_IDS);
    }
    if (channels != 1 || height != 1) {
      throw bad(
          name + " has tokens of " + channels + " channels x " + height + " rows, want 1 x 1");
    }
    if (!scaling.equals(Scaling.NONE)) {
      throw bad(name + " has tokens with " + scaling + ", want none");
    }
  }

  private static void checkFinite(String name, int row, float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw bad(
            name
                + " row "
                + row
                + " has "
                + values[i]
                + " at position "
                + i
                + ", want finite values");
      }
    }
  }

  private static void checkTokens(String name, int row, float[] ids, int vocabulary) {
    for (int i = 0; i < ids.length; i++) {
      // a NaN is no id either
      if (!(ids[i] >= 0 && ids[i] < vocabulary && ids[i] == (int) ids[i])) {
        throw bad(
            name
                + " row "
                + row
                + " has "
                + ids[i]
                + " at position "
                + i
                + ", want a token id, 0 to "
                + (vocabulary - 1));
      }
      if (i > 0 && ids[i] != PAD && ids[i - 1] == PAD) {
        throw bad(name + " row " + row + " has a token behind padding, at position " + i);
      }
    }
    if (ids[0] == PAD) {
      throw bad(name + " row " + row + " has no token but padding");
    }
  }

  /** Values in one feature: channels * height * width. */
  public int size() {
    return channels * height * width;
  }

  /** Channels of one step. */
  public int stepChannels() {
    return channels / steps;
  }

  /** Values in one step: stepChannels() * height * width. */
  public int stepSize() {
    return stepChannels() * height * width;
  }

  /** The shape of a feature, such as {@code 1 x 28 x 28} or {@code 10 steps of 1 x 28 x 28}. */
  public String shape() {
    return (steps > 1 ? steps + " steps of " : "")
        + stepChannels()
        + " x "
        + height
        + " x "
        + width;
  }

  /** Whether the values are token ids. */
  public boolean hasTokens() {
    return vocabulary > 0;
  }

  /** The same features with others behind them or instead. */
  public Modality withRows(float[][] others) {
    return new Modality(name, channels, height, width, others, scaling, vocabulary, steps);
  }

  /** Number of tokens of a row: where its padding begins. */
  public int tokens(int row) {
    float[] ids = rows[row];
    int count = ids.length;
    while (ids[count - 1] == PAD) {
      count--;
    }
    return count;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "modality " + message);
  }
}
