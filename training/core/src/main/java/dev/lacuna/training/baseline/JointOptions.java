package dev.lacuna.training.baseline;

import dev.lacuna.training.encoder.SmallEncoder;

/**
 * Options of the jointly trained baselines.
 *
 * @param width features that an encoder gives
 */
public record JointOptions(int width) {
  /** What a user gets who gives none. */
  public static final JointOptions DEFAULT = new JointOptions(64);

  /** Checks the range. */
  public JointOptions {
    SmallEncoder.requireWidth(width);
  }
}
