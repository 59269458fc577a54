package dev.lacuna.contract;

/** Where a tensor lies within its block of memory. */
enum Placement {
  /** Its first element follows an inaccessible page. */
  AFTER_GUARD,
  /** Its last element is followed by an inaccessible page. */
  BEFORE_GUARD,
  /** It starts one element past a 64-byte boundary. */
  MISALIGNED;

  /** Bytes before its first element that it needs. */
  int shift(int elementBytes) {
    return this == MISALIGNED ? elementBytes : 0;
  }

  long start(long blockBytes, long tensorBytes, int elementBytes) {
    return switch (this) {
      case AFTER_GUARD -> 0;
      case BEFORE_GUARD -> blockBytes - tensorBytes;
      case MISALIGNED -> shift(elementBytes);
    };
  }
}
