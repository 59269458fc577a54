package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;

/**
 * The features of one modality, shared by all splits.
 *
 * @param name such as {@code image}; it is what {@code --missing} and the patterns call it
 * @param channels channels of a feature
 * @param height rows of a feature; mel bands of sound
 * @param width columns of a feature; frames of sound
 * @param rows rows[r] is one feature, [channels, height, width] flattened row-major; not to be
 *     changed
 * @param scaling what was done to the features, to be done again to those that come later
 */
public record Modality(
    String name, int channels, int height, int width, float[][] rows, Scaling scaling) {
  /** Features that are as they were found. */
  public Modality(String name, int channels, int height, int width, float[][] rows) {
    this(name, channels, height, width, rows, Scaling.NONE);
  }

  /** Checks that every row has the width of the shape and no NaN or infinity. */
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
      for (int i = 0; i < size; i++) {
        if (!Float.isFinite(rows[row][i])) {
          throw bad(
              name
                  + " row "
                  + row
                  + " has "
                  + rows[row][i]
                  + " at position "
                  + i
                  + ", want finite values");
        }
      }
    }
  }

  /** Values in one feature: channels * height * width. */
  public int size() {
    return channels * height * width;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "modality " + message);
  }
}
