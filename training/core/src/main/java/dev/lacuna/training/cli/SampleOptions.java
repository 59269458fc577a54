package dev.lacuna.training.cli;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.DigitSequencesSource;
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
import org.jspecify.annotations.Nullable;
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
          AvMnistSource.NAME,
          List.of("--train-size", "--validation-size", "--test-size", "--modalities"));
  private static final Of OF_DIGITS =
      new Of(
          DigitSequencesSource.NAME,
          Stream.concat(OF_AVMNIST.options.stream(), Stream.of("--steps")).toList());
  private static final Of OF_EMOJI = new Of(EmojiSource.NAME, List.of("--fold", "--languages"));
  private static final Of OF_OWN =
      new Of(
          "your own",
          Stream.concat(Stream.of(ColumnOptions.NAME), FeatureOptionsMixin.NAMES.stream())
              .toList());

  private static final List<Of> ALL = List.of(OF_AVMNIST, OF_DIGITS, OF_EMOJI, OF_OWN);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = NAME,
      paramLabel = "DATA",
      defaultValue = AvMnistSource.NAME,
      description =
          "avmnist, digits (sequences of avmnist's digits), emoji, or the path of your own data: a CSV file with columns id, image, audio, "
              + "video, text, label and perhaps split and steps, or a folder with one, with MNIST's IDX files, "
              + "with recordings named as in FSDD or CREMA-D, or with MM-IMDb, Food-101 or "
              + "Hateful Memes as the code of missing-aware prompts has them (default: ${DEFAULT-VALUE}).")
  private String data = AvMnistSource.NAME;

  @Option(
      names = "--train-size",
      paramLabel = "N",
      description =
          "Training pairs of avmnist, or sequences of digits (default: 12000, or 4000 of digits).")
  private @Nullable Integer train;

  @Option(
      names = "--validation-size",
      paramLabel = "N",
      description =
          "Validation pairs of avmnist, or sequences of digits (default: 2000, or 500 of digits).")
  private @Nullable Integer validation;

  @Option(
      names = "--test-size",
      paramLabel = "N",
      description =
          "Test pairs of avmnist, or sequences of digits (default: 4000, or 1000 of digits).")
  private @Nullable Integer test;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "10",
      description = "Steps of a sequence of digits, 1 to 100 (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--data-seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Seed of the choice of avmnist's samples and of digits, of emoji's folds and of the missing tables "
              + "(default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--modalities",
      paramLabel = "NAME,NAME...",
      split = ",",
      defaultValue = "image,audio",
      description =
          "Of avmnist some of image, audio and words (the digit's name in 29 languages, others in "
              + "the test than in training), of digits some of image, audio and text (the same) "
              + "(default: ${DEFAULT-VALUE}).")
  private List<String> modalities = AvMnist.MODALITIES;

  @Option(
      names = "--fold",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Which of emoji's five folds is the test, 0 to 4; the next one is validation (default: "
              + "${DEFAULT-VALUE}).")
  private int fold;

  @Option(
      names = "--languages",
      paramLabel = "LANG,LANG...",
      split = ",",
      description =
          "Names of emoji in some languages, such as en,de,ja, in place of English text: each is a "
              + "modality, such as name-de, of hashed character n-grams. Words that name a class "
              + "are left out of English names; in other languages they stay.")
  private List<String> languages = List.of();

  @Mixin private ColumnOptions columns = new ColumnOptions();
  @Mixin private FeatureOptionsMixin features = new FeatureOptionsMixin();

  /** The samples that were asked for; what cannot be is refused. */
  DataSource source() {
    try {
      return switch (data) {
        case AvMnistSource.NAME -> {
          refuseOthers(OF_AVMNIST);
          yield new AvMnistSource(
              given(train, 12_000), given(validation, 2_000), given(test, 4_000), seed, modalities);
        }
        case DigitSequencesSource.NAME -> {
          refuseOthers(OF_DIGITS);
          DigitSequencesSource standard = DigitSequencesSource.DEFAULT;
          yield new DigitSequencesSource(
              given(train, standard.train()),
              given(validation, standard.validation()),
              given(test, standard.test()),
              steps,
              seed,
              modalities);
        }
        case EmojiSource.NAME -> {
          refuseOthers(OF_EMOJI);
          yield EmojiSource.ofFold(fold, seed).withLanguages(languages);
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
            + "', which is neither avmnist nor digits nor emoji nor a file or folder that is there");
  }

  private static int given(@Nullable Integer value, int standard) {
    return value == null ? standard : value;
  }

  /** Refuses options that would do nothing. */
  private void refuseOthers(Of own) {
    for (Of other : ALL) {
      for (String name : other.options) {
        if (!own.options.contains(name)
            && command.commandLine().getParseResult().hasMatchedOption(name)) {
          List<String> owners =
              ALL.stream().filter(of -> of.options.contains(name)).map(Of::data).toList();
          throw bad(name + " is of " + String.join(" or ", owners) + " data, --data is " + data);
        }
      }
    }
  }

  private ParameterException bad(String message) {
    return new ParameterException(command.commandLine(), message);
  }
}
