package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A caller's arrays brought to where the back end can use them, for one call. Memory outside the
 * heap is used in place by a back end that works on host memory of the same type; everything else
 * is copied: {@link #commit()} brings results back and {@link #close()} frees the copies. What
 * cannot be used is refused before anything is written.
 */
final class Borrowings implements AutoCloseable {
  private enum Use {
    READ,
    WRITE,
    UPDATE
  }

  private record Borrowed(
      String name, MemorySegment caller, DType dtype, Use use, Memory memory, boolean copied) {}

  private final Context context;
  private final Context.Hold hold;
  private final List<Borrowed> all = new ArrayList<>();

  /** Takes the context till {@link #close}, so that copies and the call are one step for others. */
  Borrowings(Context context) {
    this.context = context;
    hold = context.hold();
  }

  /** Memory for as long as this call lasts. */
  Memory temporary(long bytes) {
    return hold.allocate(bytes);
  }

  /** An array [rows, cols] that is only read. */
  Memory read(String name, MemorySegment segment, DType dtype, long rows, long cols) {
    return borrow(name, segment, dtype, rows, cols, Use.READ);
  }

  /** An array [rows, cols] that is overwritten. */
  Memory write(String name, MemorySegment segment, DType dtype, long rows, long cols) {
    return borrow(name, segment, dtype, rows, cols, Use.WRITE);
  }

  /** An array [rows, cols] that is read and written. */
  Memory update(String name, MemorySegment segment, DType dtype, long rows, long cols) {
    return borrow(name, segment, dtype, rows, cols, Use.UPDATE);
  }

  /** As {@link #read}; null for an array that is not given. */
  @Nullable Memory readOptional(
      String name, @Nullable MemorySegment segment, DType dtype, long rows, long cols) {
    return segment == null ? null : borrow(name, segment, dtype, rows, cols, Use.READ);
  }

  /** As {@link #write}; null for an array that is not wanted. */
  @Nullable Memory writeOptional(
      String name, @Nullable MemorySegment segment, DType dtype, long rows, long cols) {
    return segment == null ? null : borrow(name, segment, dtype, rows, cols, Use.WRITE);
  }

  /** The remaining numbers of a buffer. */
  static MemorySegment segment(String name, FloatBuffer buffer) {
    require(name, buffer);
    requireNativeOrder(name, buffer.order(), "asFloatBuffer()");
    return MemorySegment.ofBuffer(buffer);
  }

  /** The remaining integers of a buffer. */
  static MemorySegment segment(String name, IntBuffer buffer) {
    require(name, buffer);
    requireNativeOrder(name, buffer.order(), "asIntBuffer()");
    return MemorySegment.ofBuffer(buffer);
  }

  private static void requireNativeOrder(String name, ByteOrder order, String view) {
    if (order != ByteOrder.nativeOrder()) {
      throw invalid(
          name + " is in the other byte order: call order(ByteOrder.nativeOrder()) before " + view);
    }
  }

  /** An array as a segment. */
  static MemorySegment segment(String name, float[] array) {
    require(name, array);
    return MemorySegment.ofArray(array);
  }

  /** An array of integers as a segment. */
  static MemorySegment segment(String name, int[] array) {
    require(name, array);
    return MemorySegment.ofArray(array);
  }

  private static void require(String name, @Nullable Object array) {
    if (array == null) {
      throw invalid(name + " is null");
    }
  }

  private Memory borrow(
      String name, MemorySegment segment, DType dtype, long rows, long cols, Use use) {
    require(name, segment);
    MemorySegment caller = checked(name, segment, dtype, rows, cols, use);
    for (Borrowed other : all) {
      boolean written = use != Use.READ || other.use != Use.READ;
      if (written && caller.asOverlappingSlice(other.caller).isPresent()) {
        throw invalid(name + " overlaps " + other.name + ", and one of them is written");
      }
    }
    DType stored = dtype == DType.F32 ? context.real() : dtype;
    boolean inPlace = segment.isNative() && context.usesHostMemory() && stored == dtype;
    long elements = caller.byteSize() / dtype.bytes();
    Memory memory =
        inPlace
            ? Memory.of(caller)
            : hold.allocate(Math.multiplyExact(Math.max(elements, 1), stored.bytes()));
    Borrowed borrowed = new Borrowed(name, caller, dtype, use, memory, !inPlace);
    all.add(borrowed);
    if (!inPlace && use != Use.WRITE) {
      copyIn(borrowed);
    }
    return memory;
  }

  /** The part of a segment that holds [rows, cols]. */
  private static MemorySegment checked(
      String name, MemorySegment segment, DType dtype, long rows, long cols, Use use) {
    String shape = "[" + rows + ", " + cols + "]";
    if (rows < 0 || cols < 0) {
      throw invalid(name + " would be " + shape + ", want sizes >= 0");
    }
    long bytes;
    try {
      bytes = Math.multiplyExact(Math.multiplyExact(rows, cols), (long) dtype.bytes());
    } catch (ArithmeticException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, name + " would be " + shape + ", beyond 2^63 bytes", e);
    }
    if (segment.byteSize() < bytes) {
      throw invalid(
          name
              + " has "
              + segment.byteSize() / dtype.bytes()
              + " elements, want at least "
              + bytes / dtype.bytes()
              + " for "
              + shape);
    }
    if (segment.heapBase().isPresent() && !holds(segment.heapBase().get(), dtype)) {
      throw invalid(
          name
              + " is a "
              + segment.heapBase().get().getClass().getSimpleName()
              + ", want "
              + (dtype == DType.F32 ? "float[]" : dtype == DType.I32 ? "int[]" : "byte[]"));
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw invalid(name + " belongs to another thread's confined arena");
    }
    if (!segment.scope().isAlive()) {
      throw invalid(name + " is closed");
    }
    if (use != Use.READ && segment.isReadOnly()) {
      throw invalid(name + " is read-only, but is written");
    }
    if (segment.isNative() && segment.address() % dtype.bytes() != 0) {
      throw invalid(name + " is not aligned to its " + dtype.bytes() + "-byte elements");
    }
    return segment.asSlice(0, bytes);
  }

  /** Whether an array holds elements of a type, or bytes, which may hold any. */
  private static boolean holds(Object array, DType dtype) {
    return array instanceof byte[]
        || (dtype == DType.F32 && array instanceof float[])
        || (dtype == DType.I32 && array instanceof int[]);
  }

  private static LacunaException invalid(String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, text);
  }

  private void copyIn(Borrowed borrowed) {
    if (borrowed.dtype == DType.F32 && context.real() == DType.F64) {
      float[] values = borrowed.caller.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      context.write(borrowed.memory, 0, values, 0, values.length);
    } else {
      context.upload(borrowed.memory, 0, borrowed.caller, borrowed.caller.byteSize());
    }
  }

  private void copyOut(Borrowed borrowed) {
    MemorySegment caller = borrowed.caller;
    if (borrowed.dtype == DType.F32 && context.real() == DType.F64) {
      double[] values = context.read(borrowed.memory, 0, (int) (caller.byteSize() / Float.BYTES));
      for (int i = 0; i < values.length; i++) {
        caller.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) values[i]);
      }
    } else {
      context.download(caller, borrowed.memory, 0, caller.byteSize());
    }
  }

  /** Copies results back; without it a failed call leaves copied arrays as they were. */
  void commit() {
    for (Borrowed borrowed : all) {
      if (borrowed.copied && borrowed.use != Use.READ) {
        copyOut(borrowed);
      }
    }
  }

  @Override
  public void close() {
    all.clear();
    hold.close();
  }
}
