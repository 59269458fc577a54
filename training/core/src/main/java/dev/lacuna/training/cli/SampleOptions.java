package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.emoji.EmojiSource;
import dev.lacuna.training.data.own.Columns;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.MapLayout;
import dev.lacuna.training.data.own.OwnDataSource;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which samples. */
final class SampleOptions {
  /** The option that says which data. */
  static final String NAME = "--data";

  /** Options that some data alone has. */
  private record Of(String data, List<String> options) {}

  private static final Of OF_AVMNIST =
      new Of(
          "avmnist", List.of("--train-size", "--validation-size", "--test-size", "--modalities"));
  private static final Of OF_EMOJI = new Of("emoji", List.of("--fold"));
  private static final Of OF_OWN =
      new Of(
          "your own",
          Stream.concat(Stream.of(ColumnOptions.NAME), FeatureOptionsMixin.NAMES.stream())
              .toList());

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = NAME,
      paramLabel = "DATA",
      defaultValue = AvMnistSource.NAME,
      description =
          "avmnist, emoji, or the path of your own data: a CSV file with columns id, image, audio, "
              + "text, label and perhaps split, or a folder with one, with MNIST's IDX files, "
              + "with recordings named as in FSDD or CREMA-D, or with MM-IMDb, Food-101 or "
              + "Hateful Memes as the code of missing-aware prompts has them (default: ${DEFAULT-VALUE}).")
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
          "Seed of the choice of avmnist's samples, of emoji's folds and of the missing tables "
              + "(default: ${DEFAULT-VALUE}).")
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

  @Option(
      names = "--fold",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Which of emoji's five folds is the test, 0 to 4; the next one is validation (default: "
              + "${DEFAULT-VALUE}).")
  private int fold;

  @Mixin private ColumnOptions columns = new ColumnOptions();
  @Mixin private FeatureOptionsMixin features = new FeatureOptionsMixin();

  /** The samples that were asked for; what cannot be is refused. */
  DataSource source() {
    try {
      return switch (data) {
        case AvMnistSource.NAME -> {
          refuseOthers(OF_AVMNIST);
          yield new AvMnistSource(train, validation, test, seed, modalities);
        }
        case EmojiSource.NAME -> {
          refuseOthers(OF_EMOJI);
          yield EmojiSource.ofFold(fold, seed);
        }
        default -> {
          refuseOthers(OF_OWN);
          String path = existing();
          FeatureOptions standard =
              MapLayout.of(Path.of(path)).map(MapLayout::features).orElse(FeatureOptions.DEFAULT);
          yield new OwnDataSource(
              path, columns.parse().orElse(Columns.STANDARD), features.options(standard));
        }
      };
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
        "--data is '"
            + data
            + "', which is neither avmnist nor emoji nor a file or folder that is there");
  }

  /** Refuses options that would do nothing. */
  private void refuseOthers(Of own) {
    for (Of other : List.of(OF_AVMNIST, OF_EMOJI, OF_OWN)) {
      for (String name : other.equals(own) ? List.<String>of() : other.options) {
        if (command.commandLine().getParseResult().hasMatchedOption(name)) {
          throw bad(name + " is of " + other.data + " data, --data is " + data);
        }
      }
    }
  }

  private ParameterException bad(String message) {
    return new ParameterException(command.commandLine(), message);
  }
}
