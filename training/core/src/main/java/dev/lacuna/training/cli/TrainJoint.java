package dev.lacuna.training.cli;

import dev.lacuna.training.baseline.JointOptions;
import dev.lacuna.training.system.LearningSystem;
import picocli.CommandLine.Option;

/** {@code lacuna train late_fusion} and {@code lacuna train concatenation}. */
final class TrainJoint extends TrainSystem<JointOptions> {
  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "64",
      description = "Features that an encoder gives (default: ${DEFAULT-VALUE}).")
  private int width;

  TrainJoint(LearningSystem<JointOptions> system) {
    super(system);
  }

  @Override
  JointOptions options() {
    return new JointOptions(width);
  }
}
