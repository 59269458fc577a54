package dev.lacuna.training.baseline;

import dev.lacuna.Context;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;

/** The baseline of networks that know of each other only at test time. */
public final class UnimodalEnsemble implements LearningSystem<EnsembleOptions> {
  /** The system. */
  public UnimodalEnsemble() {}

  @Override
  public String name() {
    return "unimodal_ensemble";
  }

  @Override
  public String description() {
    return "baseline: a network for each modality, trained apart, fused at test time";
  }

  @Override
  public Class<EnsembleOptions> options() {
    return EnsembleOptions.class;
  }

  @Override
  public EnsembleOptions defaults() {
    return EnsembleOptions.DEFAULT;
  }

  @Override
  public Learner learner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      EnsembleOptions options,
      long seed) {
    return new EnsembleLearner(context, data, training, options, seed);
  }
}
