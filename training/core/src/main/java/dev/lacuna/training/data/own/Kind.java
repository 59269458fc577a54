package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Locale;

/** What a modality is made of; a data set has at most one modality of a kind. */
enum Kind {
  IMAGE,
  AUDIO,
  /** Of arrays alone. */
  VIDEO,
  TEXT;

  /** The modality's name and that of its column, such as {@code image}. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The kind of a modality that a model was trained with; avMNIST calls its text words. */
  static Kind of(String modality) {
    return switch (modality) {
      case "image" -> IMAGE;
      case "audio" -> AUDIO;
      case "video" -> VIDEO;
      case "text", "words" -> TEXT;
      default ->
          throw new LacunaException(
              Status.INVALID_ARGUMENT,
              "modality "
                  + modality
                  + " of the model is unknown here, want image, audio, video, text or words");
    };
  }
}
