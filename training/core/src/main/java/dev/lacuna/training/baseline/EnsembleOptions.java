package dev.lacuna.training.baseline;

import dev.lacuna.multimodal.Fusion;
import dev.lacuna.training.encoder.SmallEncoder;

/**
 * Options of the ensemble.
 *
 * @param width features that an encoder gives
 * @param fusion how the networks' predictions are combined
 */
public record EnsembleOptions(int width, Fusion.Mode fusion) {
  /** What a user gets who gives none. */
  public static final EnsembleOptions DEFAULT = new EnsembleOptions(64, Fusion.Mode.DYNAMIC);

  /** Checks the range. */
  public EnsembleOptions {
    SmallEncoder.requireWidth(width);
  }
}
