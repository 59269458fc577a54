package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.data.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes features, not normalised; for several threads at once. */
final class FeatureReader {
  private final ImageFeatures images;
  private final LogMel logMel;
  private final TextFeatures texts;
  private final FeatureOptions options;
  private final @Nullable Tokens tokens;
  private final Map<Kind, int[]> arrays;

  /**
   * A reader.
   *
   * @param tokens what texts become where the options say so, else not looked at
   * @param arrays shapes of the kinds whose features are arrays, see {@link ArraySource#shapes}
   */
  FeatureReader(FeatureOptions options, @Nullable Tokens tokens, Map<Kind, int[]> arrays) {
    if (options.textTokens() > 0 && tokens == null) {
      throw new IllegalArgumentException("texts are to become tokens, but nothing makes them");
    }
    this.options = options;
    this.tokens = options.textTokens() > 0 ? tokens : null;
    images = new ImageFeatures(options.imageSize(), options.colour().channels());
    logMel = new LogMel(options.mel());
    texts = new TextFeatures(options.textSize());
    this.arrays = arrays;
  }

  /** The shape that arrays of a kind have. */
  int[] arrayShape(Kind kind) {
    return Objects.requireNonNull(arrays.get(kind));
  }

  /** The most steps that arrays of a kind have, 1 where none is a sequence. */
  int steps() {
    return arrays.values().stream()
        .filter(shape -> shape.length > 1)
        .mapToInt(shape -> shape[0])
        .max()
        .orElse(1);
  }

  /** Something that a feature is made of. */
  interface Source {
    float[] read(FeatureReader reader);
  }

  float[] image(Path file) {
    return images.read(file);
  }

  float[] image(float[] pixels, int height, int width) {
    return images.scale(pixels, height, width);
  }

  /** Of a WAV file; the features resample it. */
  float[] audio(Path file) {
    return logMel.features(WavReader.read(file));
  }

  float[] text(String text) {
    return tokens == null ? texts.features(text) : tokens.row(text, options.textTokens());
  }

  /** A modality of features that are made here. */
  Modality modality(Kind kind, String name, float[][] rows, Scaling scaling) {
    int[] array = arrays.get(kind);
    if (array != null) {
      return ArraySource.modality(name, array, rows, scaling);
    }
    return switch (kind) {
      case IMAGE ->
          new Modality(
              name,
              options.colour().channels(),
              options.imageSize(),
              options.imageSize(),
              rows,
              scaling);
      case AUDIO ->
          new Modality(name, 1, options.mel().bands(), options.mel().frames(), rows, scaling);
      case VIDEO -> throw new IllegalStateException("video of " + name + " has no shape");
      case TEXT ->
          tokens == null
              ? new Modality(name, 1, 1, options.textSize(), rows, scaling)
              : Modality.ofTokens(name, options.textTokens(), tokens.vocabulary(), rows);
    };
  }

  /** Whether features of a kind are token ids, which are not scaled. */
  boolean makesTokens(Kind kind) {
    return kind == Kind.TEXT && tokens != null && !arrays.containsKey(kind);
  }

  float[] textFile(Path file) {
    try {
      String text = Files.readString(file, UTF_8);
      if (text.isBlank()) {
        throw new LacunaException(Status.INVALID_ARGUMENT, file + ": has no text");
      }
      return text(text);
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + ": cannot be read as UTF-8 text: " + e, e);
    }
  }
}
