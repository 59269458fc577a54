package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.own.Columns;
import dev.lacuna.training.data.own.OwnDataSource;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which samples. */
final class SampleOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--data",
      paramLabel = "DATA",
      defaultValue = AvMnistSource.NAME,
      description =
          "avmnist, or the path of your own data: a CSV file with columns id, image, audio, text, "
              + "label and perhaps split, or a folder with one, with MNIST's IDX files or with "
              + "recordings named as in FSDD or CREMA-D (default: ${DEFAULT-VALUE}).")
  private String data = AvMnistSource.NAME;

  @Option(
      names = "--train-size",
      paramLabel = "N",
      defaultValue = "12000",
      description = "Training pairs of avmnist (default: ${DEFAULT-VALUE}).")
  private int train;

  @Option(
      names = "--validation-size",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Validation pairs of avmnist (default: ${DEFAULT-VALUE}).")
  private int validation;

  @Option(
      names = "--test-size",
      paramLabel = "N",
      defaultValue = "4000",
      description = "Test pairs of avmnist (default: ${DEFAULT-VALUE}).")
  private int test;

  @Option(
      names = "--data-seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Seed of the choice of avmnist's samples and of the missing tables (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--modalities",
      paramLabel = "NAME,NAME...",
      split = ",",
      defaultValue = "image,audio",
      description =
          "Of avmnist some of image, audio and words (the digit's name in 29 languages, others in "
              + "the test than in training) (default: ${DEFAULT-VALUE}).")
  private List<String> modalities = AvMnist.MODALITIES;

  @Mixin private ColumnOptions columns = new ColumnOptions();
  @Mixin private FeatureOptionsMixin features = new FeatureOptionsMixin();

  /** The samples that were asked for; what cannot be is refused. */
  DataSource source() {
    boolean own = !data.equals(AvMnistSource.NAME);
    try {
      if (own) {
        refuse("avmnist", "--train-size", "--validation-size", "--test-size", "--modalities");
        return new OwnDataSource(
            existing(), columns.parse().orElse(Columns.STANDARD), features.options());
      }
      refuse("your own", ColumnOptions.NAME);
      refuse("your own", FeatureOptionsMixin.NAMES);
      return new AvMnistSource(train, validation, test, seed, modalities);
    } catch (LacunaException e) {
      throw bad(e.getMessage());
    }
  }

  private String existing() {
    try {
      if (Files.exists(Path.of(data))) {
        return data;
      }
    } catch (InvalidPathException e) {
      throw bad("--data is no path: " + e.getMessage());
    }
    throw bad(
        "--data is '" + data + "', which is neither avmnist nor a file or folder that is there");
  }

  /** Refuses options that would do nothing. */
  private void refuse(String other, String... names) {
    for (String name : names) {
      if (command.commandLine().getParseResult().hasMatchedOption(name)) {
        throw bad(name + " is of " + other + " data, --data is " + data);
      }
    }
  }

  private ParameterException bad(String message) {
    return new ParameterException(command.commandLine(), message);
  }
}
