package dev.lacuna.training.cli;

import dev.lacuna.training.baseline.JointOptions;
import dev.lacuna.training.system.LearningSystem;
import picocli.CommandLine.Mixin;

/** {@code lacuna train late_fusion} and {@code lacuna train concatenation}. */
final class TrainJoint extends TrainSystem<JointOptions> {
  @Mixin private WidthOption encoder = new WidthOption();

  TrainJoint(LearningSystem<JointOptions> system) {
    super(system);
  }

  @Override
  JointOptions options() {
    return new JointOptions(encoder.width);
  }
}
