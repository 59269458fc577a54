package dev.lacuna.training.system;

import dev.lacuna.Context;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;

/**
 * A way to learn from several modalities, as {@code train} and {@code compare} know it.
 *
 * @param <O> its own options, beside those of every training; written to metrics.json
 */
public interface LearningSystem<O extends Record> {
  /** What users write. */
  String name();

  /** One line for people. */
  String description();

  /** The type of its options. */
  Class<O> options();

  /** The options that a user gets who gives none. */
  O defaults();

  /**
   * The options that a trial of tuning takes; the defaults where a system has nothing of its own to
   * tune.
   */
  default O tried(Trial trial) {
    return defaults();
  }

  /** A learner with fresh parameters. */
  Learner learner(
      Context context, MultimodalData data, TrainingOptions training, O options, long seed);
}
