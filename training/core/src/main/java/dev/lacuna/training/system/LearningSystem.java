package dev.lacuna.training.system;

import dev.lacuna.Context;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

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

  /** Whether it learns from samples that have several classes or none, too. */
  default boolean multiLabel() {
    return false;
  }

  /** The options that a user gets who gives none. */
  O defaults();

  /**
   * The options that a trial of tuning takes; the defaults where a system has nothing of its own to
   * tune.
   */
  default O tried(Trial trial) {
    return defaults();
  }

  /**
   * How the system is trained where others are trained as given: with a learning rate of its own.
   */
  default TrainingOptions training(TrainingOptions common) {
    return common;
  }

  /**
   * What the system is to be seen beside: other options of it by the names of what they are, each
   * trained as the system itself.
   */
  default Map<String, O> baselines(O options) {
    return Map.of();
  }

  /**
   * Checks that the system can learn from training samples, before anything is written.
   *
   * @param training which of them has which modality
   * @throws dev.lacuna.LacunaException saying what they lack
   */
  default void check(Presence training, List<String> modalities, O options) {}

  /**
   * The system with what it rests on at hand, such as pretrained weights: fetched or made where it
   * is not in the folder yet.
   *
   * @param context to make it with
   * @param folder of prepared data
   */
  default LearningSystem<O> prepared(
      Context context, Path folder, MultimodalData data, O options, Progress progress) {
    return this;
  }

  /** A learner with fresh parameters. */
  Learner learner(
      Context context, MultimodalData data, TrainingOptions training, O options, long seed);
}
