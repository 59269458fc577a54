package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.text.TextTokenizer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How files and text become features. A model needs them again wherever it predicts.
 *
 * @param imageSize height and width that images are scaled to, 1 to 1,024
 * @param colour whether images are grey or coloured
 * @param mel features of sound, at a rate up to 384 kHz, with up to 4,096 frames
 * @param textSize values of a text's feature, 1 to 65,536
 * @param textTokens most tokens of a text that becomes token ids instead, 3 to 512; 0 for a feature
 */
public record FeatureOptions(
    int imageSize, Colour colour, LogMel.Options mel, int textSize, int textTokens) {
  /** Grey images of 28 x 28, sound of 32 x 32 and text of 512 values, as in avMNIST. */
  public static final FeatureOptions DEFAULT =
      new FeatureOptions(28, Colour.GRAY, LogMel.Options.DEFAULT, TextFeatures.SIZE);

  private static final int LARGEST_IMAGE = 1_024;
  private static final int LARGEST_TEXT = 65_536;

  /** One between what begins and what ends a text. */
  private static final int FEWEST_TOKENS = 3;

  /** The positions of a BERT. */
  static final int MOST_TOKENS = 512;

  private static final int MOST_FRAMES = 4_096;
  private static final int HIGHEST_RATE = 384_000;

  /** Text becomes a feature. */
  public FeatureOptions(int imageSize, Colour colour, LogMel.Options mel, int textSize) {
    this(imageSize, colour, mel, textSize, 0);
  }

  /** Checks the ranges. */
  public FeatureOptions {
    check("image size", imageSize, LARGEST_IMAGE);
    check("audio rate", mel.rate(), HIGHEST_RATE);
    check("audio frames", mel.frames(), MOST_FRAMES);
    check("text size", textSize, LARGEST_TEXT);
    if (textTokens != 0 && (textTokens < FEWEST_TOKENS || textTokens > MOST_TOKENS)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "text tokens are "
              + textTokens
              + ", want 0 for none or "
              + FEWEST_TOKENS
              + " to "
              + MOST_TOKENS);
    }
  }

  /**
   * What makes tokens of texts, to be closed; null where they become features.
   *
   * @param folder of prepared data
   */
  public @Nullable Tokens tokens(Path folder, Progress progress) {
    return textTokens == 0 ? null : TextTokenizer.miniLm(folder, progress);
  }

  /** The channels of an image. */
  public enum Colour {
    /** One channel, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). */
    GRAY(1),
    /** Three channels. */
    RGB(3);

    private final int channels;

    Colour(int channels) {
      this.channels = channels;
    }

    /** Number of channels. */
    public int channels() {
      return channels;
    }
  }

  private static void check(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, name + " is " + value + ", want 1 to " + most);
    }
  }
}
