package dev.lacuna.reference;

import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A tensor that is double-precision on every back end, whatever the back end's real type.
 *
 * @param segment the memory that holds it
 * @param offset where it starts, in bytes
 */
public record ExactState(MemorySegment segment, long offset) {
  /** The tensor that a call holds in {@code field}. */
  public static ExactState of(OpCall call, int field) {
    Memory memory = Objects.requireNonNull(call.memory(field));
    return new ExactState(Objects.requireNonNull(memory.host()), call.offset(field));
  }

  /** Element {@code index}. */
  public double get(int index) {
    return segment.get(ValueLayout.JAVA_DOUBLE, offset + 8L * index);
  }

  /** Overwrites element {@code index}. */
  public void set(int index, double value) {
    segment.set(ValueLayout.JAVA_DOUBLE, offset + 8L * index, value);
  }
}
