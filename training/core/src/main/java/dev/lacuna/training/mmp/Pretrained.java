package dev.lacuna.training.mmp;

import dev.lacuna.io.Weights;
import org.jspecify.annotations.Nullable;

/**
 * Transformers that others have pretrained.
 *
 * @param text of BERT's layout with MiniLM's 12 heads, or null
 * @param image of ViT's layout, or null
 * @param imageHeads heads of the second
 */
record Pretrained(@Nullable Weights text, @Nullable Weights image, int imageHeads) {
  /** None: every modality learns its transformer from the run's own samples. */
  static final Pretrained NONE = new Pretrained(null, null, 1);
}
