package dev.lacuna.spi;

/** What a field of an op's arguments is; {@code lacuna_field_kind} of the C ABI. */
public enum FieldKind {
  /** Extent of a tensor, at least 0. */
  SIZE(0),
  /** Elements between two rows of a tensor. */
  STRIDE(1),
  /** Enumeration, flag or count. */
  CODE(2),
  /** Double-precision scalar. */
  REAL(3),
  IN(4),
  OPT_IN(5),
  OUT(6),
  OPT_OUT(7),
  INOUT(8),
  OPT_INOUT(9);

  private final int code;

  FieldKind(int code) {
    this.code = code;
  }

  /** The number of this kind in the C ABI. */
  public int code() {
    return code;
  }

  /** Whether the field is a pointer to a tensor. */
  public boolean isTensor() {
    return code >= IN.code;
  }

  /** Whether the tensor may be absent. */
  public boolean isOptional() {
    return this == OPT_IN || this == OPT_OUT || this == OPT_INOUT;
  }

  /** Whether the op writes the tensor. */
  public boolean isWritten() {
    return code >= OUT.code;
  }
}
