package dev.lacuna;

/** Instruction-set tiers of the CPU back end; the numbers are those of {@code lacuna.h}. */
public enum Tier {
  /** The best that this CPU and operating system offer. */
  BEST(0),
  SCALAR(1),
  AVX2(2),
  AVX512(3);

  private final int code;

  Tier(int code) {
    this.code = code;
  }

  /** The number of this tier in the C ABI. */
  public int code() {
    return code;
  }
}
