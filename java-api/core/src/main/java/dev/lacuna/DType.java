package dev.lacuna;

/** Element types. */
public enum DType {
  /** 32-bit float: the type of all data on native back ends. */
  F32(4),
  /** 64-bit float: the data of the double-precision reference, and small exact state everywhere. */
  F64(8),
  /** 32-bit signed integer: labels, indices. */
  I32(4),
  /** Unsigned byte: masks. */
  U8(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }
}
