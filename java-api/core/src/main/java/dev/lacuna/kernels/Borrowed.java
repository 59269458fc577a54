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

/**
 * A caller's array brought to where the back end can use it. Memory outside the heap is used in
 * place by a back end that works on host memory of the same type; everything else is copied: {@link
 * #commit()} brings results back and {@link #close()} frees the copy.
 */
final class Borrowed implements AutoCloseable {
  enum Use {
    READ,
    WRITE,
    READ_WRITE
  }

  private final Context context;
  private final MemorySegment caller;
  private final DType dtype;
  private final Use use;
  private final boolean inPlace;
  private final Memory memory;

  /** Borrows the first {@code elements} of a segment for one call. */
  Borrowed(
      Context context, String name, MemorySegment segment, DType dtype, long elements, Use use) {
    if (elements < 0) {
      throw invalid(name + " would have " + elements + " elements, want >= 0");
    }
    long bytes = Math.multiplyExact(elements, dtype.bytes());
    if (segment.byteSize() < bytes) {
      throw invalid(
          name
              + " has "
              + segment.byteSize() / dtype.bytes()
              + " elements, want at least "
              + elements);
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
    this.context = context;
    this.caller = segment.asSlice(0, bytes);
    this.dtype = dtype;
    this.use = use;
    inPlace = segment.isNative() && context.usesHostMemory() && stored() == dtype;
    memory =
        inPlace ? Memory.of(caller) : context.allocate(Math.max(elements, 1) * stored().bytes());
    if (!inPlace && use != Use.WRITE) {
      copyIn();
    }
  }

  /** The remaining numbers of a buffer. */
  static MemorySegment segment(String name, FloatBuffer buffer) {
    if (buffer.order() != ByteOrder.nativeOrder()) {
      throw invalid(
          name
              + " is in the other byte order: call order(ByteOrder.nativeOrder()) before"
              + " asFloatBuffer()");
    }
    return MemorySegment.ofBuffer(buffer);
  }

  private DType stored() {
    return dtype == DType.F32 ? context.real() : dtype;
  }

  private static LacunaException invalid(String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, text);
  }

  private void copyIn() {
    if (dtype == DType.F32) {
      float[] values = caller.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      context.write(memory, 0, values, 0, values.length);
    } else {
      context.upload(memory, 0, caller, caller.byteSize());
    }
  }

  private void copyOut() {
    if (dtype == DType.F32) {
      double[] values = context.read(memory, 0, (int) (caller.byteSize() / Float.BYTES));
      for (int i = 0; i < values.length; i++) {
        caller.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) values[i]);
      }
    } else {
      context.download(caller, memory, 0, caller.byteSize());
    }
  }

  Memory memory() {
    return memory;
  }

  /**
   * Copies results back to the caller; without it a failed call leaves the caller's array as it
   * was.
   */
  void commit() {
    if (!inPlace && use != Use.READ) {
      copyOut();
    }
  }

  @Override
  public void close() {
    if (!inPlace) {
      context.free(memory);
    }
  }
}
