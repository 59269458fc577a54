package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Arrays;
import java.util.Locale;

/**
 * Spoken digits as log-mel features.
 *
 * @param labels labels[i] is the digit of clip i, 0 to 9
 * @param parts which split a clip belongs to
 * @param features features[i] is [bands, frames] row by row, not normalised
 */
record Clips(byte[] labels, Part[] parts, float[][] features) {
  /** The splits that clips are divided into. */
  enum Part {
    TRAIN(0),
    VALIDATION(1),
    TEST(2);

    private final int code;

    Part(int code) {
      this.code = code;
    }

    /** The number in the cache file. */
    int code() {
      return code;
    }

    static Part of(int code) {
      return Arrays.stream(values())
          .filter(part -> part.code == code)
          .findFirst()
          .orElseThrow(() -> bad(Integer.toString(code), "0 to 2"));
    }

    static Part of(String name) {
      return Arrays.stream(values())
          .filter(part -> part.text().equals(name))
          .findFirst()
          .orElseThrow(() -> bad(name, "train, validation or test"));
    }

    private static LacunaException bad(String given, String wanted) {
      return new LacunaException(
          Status.INVALID_ARGUMENT, "split of a clip is '" + given + "', want " + wanted);
    }

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  int size() {
    return labels.length;
  }
}
