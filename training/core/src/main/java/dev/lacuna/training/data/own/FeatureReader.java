package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.data.TextFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes features, not normalised; for several threads at once. */
final class FeatureReader {
  private final ImageFeatures images;
  private final LogMel logMel;
  private final TextFeatures texts;

  FeatureReader(FeatureOptions options) {
    images = new ImageFeatures(options.imageSize(), options.colour().channels());
    logMel = new LogMel(options.mel());
    texts = new TextFeatures(options.textSize());
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
    return texts.features(text);
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
