package dev.lacuna.training.baseline;

import dev.lacuna.Context;
import dev.lacuna.training.baseline.JointLearner.Join;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;

/** The baselines that learn all modalities by one loss: late fusion and concatenation. */
public final class Joint implements LearningSystem<JointOptions> {
  private final Join join;

  /** The system that joins modalities so. */
  public Joint(Join join) {
    this.join = join;
  }

  @Override
  public String name() {
    return switch (join) {
      case MEAN -> "late_fusion";
      case CONCATENATION -> "concatenation";
    };
  }

  @Override
  public String description() {
    return switch (join) {
      case MEAN -> "baseline: one loss on the mean of the logits of the modalities that are there";
      case CONCATENATION ->
          "baseline: one loss and one head on all features side by side, 0 where missing";
    };
  }

  @Override
  public Class<JointOptions> options() {
    return JointOptions.class;
  }

  @Override
  public JointOptions defaults() {
    return JointOptions.DEFAULT;
  }

  @Override
  public Learner learner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      JointOptions options,
      long seed) {
    return new JointLearner(context, data, training, options, join, seed);
  }
}
