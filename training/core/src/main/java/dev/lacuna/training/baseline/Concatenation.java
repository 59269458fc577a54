package dev.lacuna.training.baseline;

import dev.lacuna.Context;
import dev.lacuna.training.baseline.JointLearner.Join;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;

/** The baseline of joint concatenation. */
public final class Concatenation implements LearningSystem<JointOptions> {
  /** The system. */
  public Concatenation() {}

  @Override
  public String name() {
    return "concatenation";
  }

  @Override
  public String description() {
    return "baseline: one loss and one head on all features side by side, 0 where missing";
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
    return new JointLearner(context, data, training, options, Join.CONCATENATION, seed);
  }
}
