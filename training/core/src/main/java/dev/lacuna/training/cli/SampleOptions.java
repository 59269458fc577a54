package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.AvMnist;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How many samples, and which. */
final class SampleOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--train-size",
      paramLabel = "N",
      defaultValue = "12000",
      description = "Training pairs (default: ${DEFAULT-VALUE}).")
  int train;

  @Option(
      names = "--validation-size",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Validation pairs (default: ${DEFAULT-VALUE}).")
  int validation;

  @Option(
      names = "--test-size",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Test pairs (default: ${DEFAULT-VALUE}).")
  int test;

  @Option(
      names = "--data-seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Seed of the choice of samples and of the missing tables (default: ${DEFAULT-VALUE}).")
  long seed;

  /** What to prepare in a data folder; sizes that cannot be are refused. */
  AvMnist.Options of(DataOptions data) {
    try {
      return data.avMnist(train, validation, test, seed);
    } catch (LacunaException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
