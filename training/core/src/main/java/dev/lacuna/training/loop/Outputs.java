package dev.lacuna.training.loop;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.metrics.Accuracy;

/** What a learner says of the samples of a split, whatever of them is missing. */
public interface Outputs {
  /** The samples. */
  Split split();

  /**
   * Scores [sample][class], the higher the likelier, where only what {@code presence} says is
   * there.
   */
  double[][] logits(Presence presence);

  /** Whether each sample's class has the highest score. */
  default boolean[] right(Presence presence) {
    return Accuracy.right(logits(presence), split().labels());
  }

  /** Share of samples whose class has the highest score. */
  default double accuracy(Presence presence) {
    return Accuracy.of(logits(presence), split().labels());
  }
}
