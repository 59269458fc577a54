package dev.lacuna.training.system;

import dev.lacuna.Context;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.baseline.EnsembleOptions;
import dev.lacuna.training.baseline.JointOptions;
import dev.lacuna.training.cmg.CmgOptionsTest;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mla.MlaOptionsTest;
import dev.lacuna.training.mmp.MmpOptions;
import java.util.Map;
import java.util.Objects;

/** Options of every system for tests that train. */
final class Small {
  static final TrainingOptions TRAINING =
      new TrainingOptions(1, 4, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");

  private static final Map<String, Record> OPTIONS =
      Map.of(
          "mla",
          MlaOptionsTest.SMALL,
          "late_fusion",
          new JointOptions(8),
          "concatenation",
          new JointOptions(8),
          "unimodal_ensemble",
          new EnsembleOptions(8, Fusion.Mode.FIXED),
          "mmp",
          MmpOptions.DEFAULT.withoutBaselines(),
          "cmg",
          CmgOptionsTest.SMALL);

  private Small() {}

  static <O extends Record> O options(LearningSystem<O> system) {
    Record options = OPTIONS.get(system.name());
    return Objects.requireNonNull(system.options().cast(options), system.name());
  }

  static <O extends Record> Learner learner(
      LearningSystem<O> system, Context context, MultimodalData data, long seed) {
    return system.learner(context, data, TRAINING, options(system), seed);
  }
}
