package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Arrays;
import java.util.Locale;

/** The splits that a data set is divided into. */
public enum Part {
  /** To learn from. */
  TRAIN(0),
  /** To choose by. */
  VALIDATION(1),
  /** To report on. */
  TEST(2);

  private final int code;

  Part(int code) {
    this.code = code;
  }

  /** The number in cache files. */
  int code() {
    return code;
  }

  static Part of(int code) {
    return Arrays.stream(values())
        .filter(part -> part.code == code)
        .findFirst()
        .orElseThrow(() -> bad(Integer.toString(code), "0 to 2"));
  }

  /**
   * The split of a name.
   *
   * @throws LacunaException where it is not train, validation or test
   */
  public static Part of(String name) {
    return Arrays.stream(values())
        .filter(part -> part.text().equals(name))
        .findFirst()
        .orElseThrow(() -> bad(name, "train, validation or test"));
  }

  private static LacunaException bad(String given, String wanted) {
    return new LacunaException(Status.INVALID_ARGUMENT, "split is '" + given + "', want " + wanted);
  }

  /** {@code train}, {@code validation} or {@code test}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
