package dev.lacuna.spi;

import dev.lacuna.DType;
import dev.lacuna.Device;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one call of an op: reusable, filled field by field, checked against the op table
 * before it runs.
 */
public final class OpCall {
  private final OpLayout op;
  private final long[] values;
  private final @Nullable Memory[] memory;
  private boolean fast;

  /** An empty call of an op. */
  public OpCall(OpLayout op) {
    this.op = op;
    values = new long[op.fields().size()];
    memory = new @Nullable Memory[values.length];
  }

  /** Forgets all arguments: numbers become 0, tensors absent, FAST off. */
  public OpCall clear() {
    Arrays.fill(values, 0);
    Arrays.fill(memory, null);
    fast = false;
    return this;
  }

  /** Takes over another call's arguments. */
  public void copyFrom(OpCall other) {
    System.arraycopy(other.values, 0, values, 0, values.length);
    System.arraycopy(other.memory, 0, memory, 0, memory.length);
    fast = other.fast;
  }

  /** Counts this call as a user of its memory; an error where some of it was freed. */
  public void enter() {
    for (int i = 0; i < memory.length; i++) {
      Memory target = memory[i];
      if (target != null && !target.enter()) {
        leave(i);
        throw invalid(
            op.fields().get(i).name()
                + " lies in memory that was freed: its context or store is closed");
      }
    }
  }

  /** Ends what {@link #enter} began. */
  public void leave() {
    leave(memory.length);
  }

  private void leave(int count) {
    for (int i = 0; i < count; i++) {
      Memory target = memory[i];
      if (target != null) {
        target.leave();
      }
    }
  }

  /** The op. */
  public OpLayout op() {
    return op;
  }

  /** Sets a size, stride or code. */
  public OpCall set(int field, long value) {
    values[field] = value;
    return this;
  }

  /** Sets a real number. */
  public OpCall set(int field, double value) {
    values[field] = Double.doubleToRawLongBits(value);
    return this;
  }

  /**
   * Sets a tensor to start at {@code offset} bytes within {@code target}; null leaves an optional
   * one out.
   */
  public OpCall tensor(int field, @Nullable Memory target, long offset) {
    memory[field] = target;
    values[field] = offset;
    return this;
  }

  /**
   * Permits reduced precision (bf16 products, approximate exp) where the op has such a form for the
   * device; elsewhere it changes nothing.
   */
  public OpCall fast(boolean permitted) {
    fast = permitted;
    return this;
  }

  /** Whether reduced precision is permitted. */
  public boolean isFast() {
    return fast;
  }

  /** A size, stride or code. */
  public long value(int field) {
    return values[field];
  }

  /** A real number. */
  public double real(int field) {
    return Double.longBitsToDouble(values[field]);
  }

  /** Memory of a tensor, or null where it is absent. */
  public @Nullable Memory memory(int field) {
    return memory[field];
  }

  /** Offset of a tensor within its memory in bytes. */
  public long offset(int field) {
    return values[field];
  }

  /** Rows of a tensor. */
  public long rows(int field) {
    return op.rows(field, values);
  }

  /** Columns of a tensor. */
  public long cols(int field) {
    return op.cols(field, values);
  }

  /** Elements between two rows of a tensor. */
  public long stride(int field) {
    return op.stride(field, values);
  }

  /**
   * Checks that no size is negative, that no required tensor is absent and that every tensor lies
   * within its memory, and that memory where the call is to run.
   *
   * @param real the type that {@link DType#F32} stands for on the back end
   * @param home where the call is to run
   */
  public void check(DType real, Device home) {
    for (int i = 0; i < values.length; i++) {
      OpField field = op.fields().get(i);
      if (field.kind() == FieldKind.SIZE && values[i] < 0) {
        throw invalid(field.name() + " is " + values[i] + ", want >= 0");
      }
      DType dtype = field.dtype();
      if (dtype != null) {
        checkTensor(i, field, dtype == DType.F32 ? real : dtype, home);
      }
    }
  }

  private void checkTensor(int i, OpField field, DType dtype, Device home) {
    Memory target = memory[i];
    long rows;
    long cols;
    long stride;
    try {
      rows = rows(i);
      cols = cols(i);
      stride = stride(i);
    } catch (ArithmeticException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          op.name() + ": the size of " + field.name() + " does not fit in 64 bits",
          e);
    }
    if (target == null) {
      if (!field.kind().isOptional() && rows != 0 && cols != 0) {
        throw invalid(field.name() + " is missing, want [" + rows + ", " + cols + "]");
      }
      return;
    }
    if (!target.isAt(home)) {
      throw invalid(field.name() + " lies in memory of device " + target.home() + ", want " + home);
    }
    MemorySegment host = target.host();
    if (host != null && !host.scope().isAlive()) {
      throw invalid(field.name() + " lies in an arena that was closed");
    }
    if (rows == 0 || cols == 0) {
      return;
    }
    if (rows > 1 && stride < cols) {
      throw invalid(
          "row stride of " + field.name() + " is " + stride + ", want >= " + cols + " columns");
    }
    long room = (target.bytes() - values[i]) / dtype.bytes();
    boolean fits =
        values[i] >= 0 && cols <= room && (rows == 1 || (room - cols) / stride >= rows - 1);
    if (!fits) {
      throw invalid(
          field.name()
              + " ["
              + rows
              + ", "
              + cols
              + "] with row stride "
              + stride
              + " does not fit: "
              + room
              + " elements are there");
    }
    if ((target.address() + values[i]) % dtype.bytes() != 0) {
      throw invalid(field.name() + " is not aligned to its " + dtype.bytes() + "-byte elements");
    }
  }

  private LacunaException invalid(String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, op.name() + ": " + text);
  }
}
