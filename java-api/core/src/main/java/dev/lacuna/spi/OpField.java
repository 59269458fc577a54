package dev.lacuna.spi;

import dev.lacuna.DType;
import org.jspecify.annotations.Nullable;

/**
 * One field of an op's arguments.
 *
 * @param name as in {@code lacuna_ops.h}
 * @param kind scalar or tensor role
 * @param dtype element type of a tensor; {@link DType#F32} stands for the back end's real type
 * @param rows number of rows as a product of field names, "1" for one
 * @param cols number of columns, likewise
 * @param stride elements between two rows, likewise
 */
public record OpField(
    String name, FieldKind kind, @Nullable DType dtype, String rows, String cols, String stride) {

  static OpField size(String name) {
    return new OpField(name, FieldKind.SIZE, null, "", "", "");
  }

  static OpField stride(String name) {
    return new OpField(name, FieldKind.STRIDE, null, "", "", "");
  }

  static OpField code(String name) {
    return new OpField(name, FieldKind.CODE, null, "", "", "");
  }

  static OpField real(String name) {
    return new OpField(name, FieldKind.REAL, null, "", "", "");
  }

  static OpField tensor(
      FieldKind kind, DType dtype, String name, String rows, String cols, String stride) {
    return new OpField(name, kind, dtype, rows, cols, stride);
  }
}
