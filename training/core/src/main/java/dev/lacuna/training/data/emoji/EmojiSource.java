package dev.lacuna.training.data.emoji;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.MapLayout;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.text.TextTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Emoji as a source of samples: pictures by Google with the English words that describe them, in
 * the 9 groups of Unicode.
 *
 * @param fold which of the five folds is the test, 0 to 4; the next one is validation
 * @param imageSize height and width of the images, 4 to 64
 * @param textLength most tokens of a text, 3 to 512
 * @param seed of the folds
 */
public record EmojiSource(int fold, int imageSize, int textLength, long seed)
    implements DataSource {
  /** Its name on the command line and in metrics.json. */
  public static final String NAME = "emoji";

  /** Number of folds. */
  public static final int FOLDS = Folds.COUNT;

  /** A fold with images of 32 x 32 and texts of 32 tokens: 1 in 20 is longer. */
  public static EmojiSource ofFold(int fold, long seed) {
    return new EmojiSource(fold, 32, 32, seed);
  }

  /** Checks the ranges. */
  public EmojiSource {
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
    return Optional.of(EmojiData.MODALITIES);
  }

  @Override
  public MultimodalData load(Path folder, Progress progress) {
    EmojiFiles files = EmojiFiles.locate(folder, progress);
    try (Tokens tokens = TextTokenizer.miniLm(folder, progress)) {
      return EmojiData.load(files, this, tokens, progress);
    }
  }

  /** Those of MAP, whose protocol is of images with texts. */
  @Override
  public Map<String, MissingRates> testCases() {
    return MapLayout.testCases();
  }

  @Override
  public FeatureOptions features(MultimodalData loaded) {
    FeatureOptions standard = FeatureOptions.DEFAULT;
    return new FeatureOptions(
        imageSize, FeatureOptions.Colour.RGB, standard.mel(), standard.textSize(), textLength);
  }
}
