package dev.lacuna.autograd;

import dev.lacuna.Context;
import dev.lacuna.spi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * Bump allocation of device memory: chunks are kept across {@link #rewind()}, so an unchanged step
 * allocates nothing.
 */
final class Slab {
  private static final long FIRST_CHUNK = 1 << 20;
  private static final long ALIGNMENT = 64;
  private final Context context;
  private final List<Memory> chunks = new ArrayList<>();
  private int current;
  private long used;

  /** Where the last {@link #take} lies within {@link #memory()}. */
  private long offset;

  Slab(Context context) {
    this.context = context;
  }

  /** Makes room; {@link #memory()} and {@link #offset()} then say where. */
  void take(long bytes) {
    long room = (Math.max(bytes, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    while (current < chunks.size() && chunks.get(current).bytes() - used < room) {
      current++;
      used = 0;
    }
    if (current == chunks.size()) {
      long last = chunks.isEmpty() ? FIRST_CHUNK / 2 : chunks.getLast().bytes();
      chunks.add(context.allocate(Math.max(2 * last, room)));
      used = 0;
    }
    offset = used;
    used += room;
  }

  Memory memory() {
    return chunks.get(current);
  }

  long offset() {
    return offset;
  }

  void rewind() {
    current = 0;
    used = 0;
  }

  /** Bytes of all chunks. */
  long capacity() {
    return chunks.stream().mapToLong(Memory::bytes).sum();
  }

  void free() {
    chunks.forEach(context::free);
    chunks.clear();
    rewind();
  }
}
