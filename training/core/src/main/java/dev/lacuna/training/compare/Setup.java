package dev.lacuna.training.compare;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.lacuna.Context;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Trial;

/**
 * How a system is trained.
 *
 * @param system the system
 * @param training as all systems, but for the learning rate where it is tuned
 * @param options the system's own
 */
public record Setup<O extends Record>(
    @JsonIgnore LearningSystem<O> system, TrainingOptions training, O options) {
  /** As the system comes. */
  static <O extends Record> Setup<O> standard(LearningSystem<O> system, TrainingOptions training) {
    return new Setup<>(system, system.training(training), system.defaults());
  }

  /** As a trial of tuning has it. */
  static <O extends Record> Setup<O> tried(
      LearningSystem<O> system, TrainingOptions training, Trial trial) {
    TrainingOptions own = system.training(training);
    double rate = trial.around(own.learningRate(), 0);
    return new Setup<>(system, own.withLearningRate(rate), system.tried(trial));
  }

  Learner learner(Context context, MultimodalData data, long seed) {
    return system.learner(context, data, training, options, seed);
  }
}
