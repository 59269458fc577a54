package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;

/**
 * How the features of a modality were shifted and scaled: (raw - mean) / deviation. What is
 * predicted later has to be treated alike, so it stays with the modality.
 *
 * @param mean of the training values
 * @param deviation of the training values, &gt; 0
 */
public record Scaling(double mean, double deviation) {
  /** Leaves the features as they are. */
  public static final Scaling NONE = new Scaling(0, 1);

  /** Checks the range. */
  public Scaling {
    if (!(Double.isFinite(mean) && deviation > 0 && Double.isFinite(deviation))) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "scaling by mean " + mean + " and deviation " + deviation + ", want finite and > 0");
    }
  }

  /** Mean and deviation over all values of the training rows. */
  public static Scaling of(float[][] rows, int[] training) {
    double sum = 0;
    double squares = 0;
    long count = 0;
    for (int row : training) {
      for (float value : rows[row]) {
        sum += value;
        squares += (double) value * value;
      }
      count += rows[row].length;
    }
    double mean = sum / count;
    return new Scaling(mean, Math.sqrt(Math.max(squares / count - mean * mean, 1e-12)));
  }

  /** Shifts and scales every row in place. */
  public void apply(float[][] rows) {
    for (float[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) ((row[i] - mean) / deviation);
      }
    }
  }
}
