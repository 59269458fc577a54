package dev.lacuna.training.baseline;

import dev.lacuna.Context;
import dev.lacuna.training.baseline.JointLearner.Join;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;

/** The baseline of joint late fusion. */
public final class LateFusion implements LearningSystem<JointOptions> {
  /** The system. */
  public LateFusion() {}

  @Override
  public String name() {
    return "late_fusion";
  }

  @Override
  public String description() {
    return "baseline: one loss on the mean of the logits of the modalities that are there";
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
    return new JointLearner(context, data, training, options, Join.MEAN, seed);
  }
}
