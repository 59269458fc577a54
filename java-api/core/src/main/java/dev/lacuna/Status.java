package dev.lacuna;

/** Outcome of a native call; the codes are those of {@code lacuna.h}. */
public enum Status {
  OK(0),
  INVALID_ARGUMENT(-1),
  UNSUPPORTED(-2),
  OUT_OF_MEMORY(-3),
  DEVICE_ERROR(-4),
  ABI_MISMATCH(-5),
  NON_FINITE(-6),
  INTERNAL(-7);

  private final int code;

  Status(int code) {
    this.code = code;
  }

  /** The number of this status in the C ABI. */
  public int code() {
    return code;
  }

  /** The status of a C return value; unknown codes are {@link #INTERNAL}. */
  public static Status of(int code) {
    for (Status status : values()) {
      if (status.code == code) {
        return status;
      }
    }
    return INTERNAL;
  }
}
