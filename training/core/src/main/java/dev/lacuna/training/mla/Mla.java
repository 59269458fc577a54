package dev.lacuna.training.mla;

import dev.lacuna.Context;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Trial;

/** MLA as a system to train and compare. */
public final class Mla implements LearningSystem<MlaOptions> {
  /** The system. */
  public Mla() {}

  @Override
  public String name() {
    return "mla";
  }

  @Override
  public String description() {
    return "alternating unimodal steps on a shared head, projected gradients, dynamic fusion";
  }

  @Override
  public Class<MlaOptions> options() {
    return MlaOptions.class;
  }

  @Override
  public MlaOptions defaults() {
    return MlaOptions.DEFAULT;
  }

  /** Tries learning rates of the head, relative to the encoders'. */
  @Override
  public MlaOptions tried(Trial trial) {
    AlternatingStep.Options step = AlternatingStep.Options.DEFAULT;
    AlternatingStep.Options tried = step.withHeadRate(trial.around(step.headRate(), 1));
    MlaOptions standard = defaults();
    return MlaOptions.of(standard.width(), tried, standard.fusion(), standard.shares());
  }

  @Override
  public Learner learner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      MlaOptions options,
      long seed) {
    return new MlaLearner(context, data, training, options, seed);
  }
}
