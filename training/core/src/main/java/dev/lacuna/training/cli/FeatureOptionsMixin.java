package dev.lacuna.training.cli;

import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.data.own.FeatureOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How files of a user's own become features. */
final class FeatureOptionsMixin {
  /** The names of all of them. */
  static final List<String> NAMES =
      List.of(
          "--image-size",
          "--colour",
          "--audio-rate",
          "--audio-frames",
          "--text-size",
          "--text-tokens");

  @Option(
      names = "--image-size",
      paramLabel = "N",
      description =
          "Height and width that your own images are scaled to (default: 28, or 32 of MM-IMDb, "
              + "Food-101 and Hateful Memes).")
  private @Nullable Integer imageSize;

  @Option(
      names = "--colour",
      paramLabel = "WHAT",
      description = "Whether your own images are gray or rgb (default: gray, or rgb of the three).")
  private FeatureOptions.@Nullable Colour colour;

  @Option(
      names = "--audio-rate",
      paramLabel = "N",
      defaultValue = "8000",
      description =
          "Samples per second that your own sound is brought to (default: ${DEFAULT-VALUE}).")
  private int audioRate;

  @Option(
      names = "--audio-frames",
      paramLabel = "N",
      defaultValue = "32",
      description = "Frames that your own sound is stretched to (default: ${DEFAULT-VALUE}).")
  private int audioFrames;

  @Option(
      names = "--text-size",
      paramLabel = "N",
      defaultValue = "512",
      description = "Values of the feature of your own text (default: ${DEFAULT-VALUE}).")
  private int textSize;

  @Option(
      names = "--text-tokens",
      paramLabel = "N",
      description =
          "Give your own text to the model as up to N tokens in their order, 3 to 512, instead of "
              + "as one feature; 0: as a feature (default: 0, or 512 of MM-IMDb and Food-101 and "
              + "128 of Hateful Memes; a text transformer has no more than 512 positions).")
  private @Nullable Integer textTokens;

  /**
   * The features that were asked for.
   *
   * @param others what images and tokens are where that was not asked for
   */
  FeatureOptions options(FeatureOptions others) {
    LogMel.Options standard = LogMel.Options.DEFAULT;
    LogMel.Options mel =
        new LogMel.Options(
            audioRate,
            standard.windowMillis(),
            standard.hopMillis(),
            standard.bands(),
            audioFrames,
            standard.lowHertz(),
            audioRate / 2.0,
            standard.floor(),
            standard.trimDecibel());
    return new FeatureOptions(
        imageSize == null ? others.imageSize() : imageSize,
        colour == null ? others.colour() : colour,
        mel,
        textSize,
        textTokens == null ? others.textTokens() : textTokens);
  }
}
