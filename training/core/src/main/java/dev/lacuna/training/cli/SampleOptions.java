package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import java.util.List;
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
  private int train;

  @Option(
      names = "--validation-size",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Validation pairs (default: ${DEFAULT-VALUE}).")
  private int validation;

  @Option(
      names = "--test-size",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Test pairs (default: ${DEFAULT-VALUE}).")
  private int test;

  @Option(
      names = "--data-seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Seed of the choice of samples and of the missing tables (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--modalities",
      paramLabel = "NAME,NAME...",
      split = ",",
      defaultValue = "image,audio",
      description =
          "Some of image, audio and words (the digit's name in 29 languages, others in the test "
              + "than in training) (default: ${DEFAULT-VALUE}).")
  private List<String> modalities = AvMnist.MODALITIES;

  /** The samples that were asked for; sizes that cannot be are refused. */
  AvMnistSource source() {
    try {
      return new AvMnistSource(train, validation, test, seed, modalities);
    } catch (LacunaException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
