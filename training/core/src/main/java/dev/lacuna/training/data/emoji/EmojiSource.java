package dev.lacuna.training.data.emoji;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.OptBoolean;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.MapLayout;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.text.TextTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Emoji as a source of samples: pictures by Google with the English words that describe them, in
 * the 9 groups of Unicode; or with their names in several languages.
 *
 * @param fold which of the five folds is the test, 0 to 4; the next one is validation
 * @param imageSize height and width of the images, 4 to 64
 * @param textLength most tokens of a text, 3 to 512
 * @param seed of the folds
 * @param languages some of {@link #LANGUAGES}, each once: in place of text, each becomes a modality
 *     {@code name-<language>} of features [1, 1, 512] ({@link
 *     dev.lacuna.training.data.TextFeatures}), shifted and scaled to mean 0 and deviation 1 over
 *     its training values. Words that name a class are left out of English names only. None: image
 *     and text
 */
public record EmojiSource(
    int fold,
    int imageSize,
    int textLength,
    long seed,
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
        @JacksonInject(value = Json.LANGUAGES, useInput = OptBoolean.TRUE)
        List<String> languages)
    implements DataSource {
  /** Its name on the command line and in metrics.json. */
  public static final String NAME = "emoji";

  /** Number of folds. */
  public static final int FOLDS = Folds.COUNT;

  /** Codes of the languages that emoji have names in, as emojibase-data calls them. */
  public static final List<String> LANGUAGES =
      List.of(
          "bn", "da", "de", "en", "en-gb", "es", "es-mx", "et", "fi", "fr", "hi", "hu", "it", "ja",
          "ko", "lt", "ms", "nb", "nl", "pl", "pt", "ru", "sv", "th", "uk", "vi", "zh", "zh-hant");

  /** With English text. */
  public EmojiSource(int fold, int imageSize, int textLength, long seed) {
    this(fold, imageSize, textLength, seed, List.of());
  }

  /** A fold with images of 32 x 32 and texts of 32 tokens: 1 in 20 is longer. */
  public static EmojiSource ofFold(int fold, long seed) {
    return new EmojiSource(fold, 32, 32, seed);
  }

  /** The same fold with names in some languages in place of English text. */
  public EmojiSource withLanguages(List<String> names) {
    return new EmojiSource(fold, imageSize, textLength, seed, names);
  }

  /** Checks the ranges. */
  public EmojiSource {
    languages = List.copyOf(languages);
    for (String language : languages) {
      if (!LANGUAGES.contains(language)) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "language of emoji is '" + language + "', want some of " + String.join(",", LANGUAGES));
      }
    }
    if (Set.copyOf(languages).size() < languages.size()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "languages of emoji are " + String.join(",", languages) + ", want each once");
    }
    check("fold", fold, 0, FOLDS - 1);
    check("image size", imageSize, 4, 64);
    check("text length", textLength, 3, 512);
  }

  private static void check(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          name + " of emoji is " + value + ", want " + least + " to " + most);
    }
  }

  @Override
  public Optional<List<String>> knownModalities() {
    return Optional.of(EmojiData.modalities(languages));
  }

  @Override
  public MultimodalData load(Path folder, Progress progress) {
    EmojiFiles files = EmojiFiles.locate(folder, progress);
    if (!languages.isEmpty()) {
      return EmojiData.load(files, this, null, progress);
    }
    try (Tokens tokens = TextTokenizer.miniLm(folder, progress)) {
      return EmojiData.load(files, this, tokens, progress);
    }
  }

  /** Those of MAP, whose protocol is of images with texts. */
  @Override
  public Map<String, MissingRates> testCases() {
    return languages.isEmpty() ? MapLayout.testCases() : Map.of();
  }

  @Override
  public FeatureOptions features(MultimodalData loaded) {
    FeatureOptions standard = FeatureOptions.DEFAULT;
    return new FeatureOptions(
        imageSize, FeatureOptions.Colour.RGB, standard.mel(), standard.textSize(), textLength);
  }
}
