package dev.lacuna.reference.f64;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** Reads and writes the tensors of a call as arrays of rows. */
final class Args {
  private static final ValueLayout.OfDouble REAL = ValueLayout.JAVA_DOUBLE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private final OpCall call;

  Args(OpCall call) {
    this.call = call;
  }

  OpCall call() {
    return call;
  }

  int size(int field) {
    return Math.toIntExact(call.value(field));
  }

  int int32(String name, int field) {
    long value = call.value(field);
    if (value != (int) value) {
      throw invalid(name + " is " + value + ", want a 32-bit number");
    }
    return (int) value;
  }

  boolean flag(int field) {
    long value = call.value(field);
    if (value != 0 && value != 1) {
      throw invalid(call.op().fields().get(field).name() + " is " + value + ", want 0 or 1");
    }
    return value != 0;
  }

  double real(int field) {
    return (double) call.real(field);
  }

  boolean has(int field) {
    return call.memory(field) != null;
  }

  /** The tensor's rows; stride gaps are left out. */
  double[][] matrix(int field) {
    double[][] matrix =
        new double[Math.toIntExact(call.rows(field))][Math.toIntExact(call.cols(field))];
    for (int i = 0; i < matrix.length && matrix[i].length > 0; i++) {
      MemorySegment.copy(host(field), REAL, start(field, i), matrix[i], 0, matrix[i].length);
    }
    return matrix;
  }

  /** A tensor of one row. */
  double[] row(int field) {
    return matrix(field)[0];
  }

  /** A tensor of int32 in row order. */
  int[] ints(int field) {
    int[] ints = new int[Math.toIntExact(call.rows(field) * call.cols(field))];
    if (ints.length > 0) {
      MemorySegment.copy(host(field), INT, call.offset(field), ints, 0, ints.length);
    }
    return ints;
  }

  /** A tensor of bytes in row order. */
  byte[] bytes(int field) {
    byte[] bytes = new byte[Math.toIntExact(call.rows(field) * call.cols(field))];
    if (bytes.length > 0) {
      MemorySegment.copy(
          host(field), ValueLayout.JAVA_BYTE, call.offset(field), bytes, 0, bytes.length);
    }
    return bytes;
  }

  /** Overwrites a tensor; an optional one that is absent is skipped. */
  void store(int field, double[]... rows) {
    for (int i = 0; has(field) && i < rows.length && rows[i].length > 0; i++) {
      MemorySegment.copy(rows[i], 0, host(field), REAL, start(field, i), rows[i].length);
    }
  }

  /** Overwrites a tensor of int32. */
  void store(int field, int[] ints) {
    if (ints.length > 0) {
      MemorySegment.copy(ints, 0, host(field), INT, call.offset(field), ints.length);
    }
  }

  /**
   * Overwrites a gradient, or adds to it where its accumulate flag is set; an unwanted one is
   * skipped.
   */
  void gradient(int field, int accumulate, double[]... rows) {
    if (!has(field)) {
      return;
    }
    if (flag(accumulate)) {
      double[][] old = matrix(field);
      for (int i = 0; i < rows.length; i++) {
        for (int j = 0; j < rows[i].length; j++) {
          rows[i][j] += old[i][j];
        }
      }
    }
    store(field, rows);
  }

  LacunaException fail(Status status, String text) {
    return new LacunaException(status, call.op().name() + ": " + text);
  }

  LacunaException invalid(String text) {
    return fail(Status.INVALID_ARGUMENT, text);
  }

  private MemorySegment host(int field) {
    Memory memory = Objects.requireNonNull(call.memory(field));
    return Objects.requireNonNull(memory.host());
  }

  private long start(int field, int row) {
    return call.offset(field) + row * call.stride(field) * REAL.byteSize();
  }
}
