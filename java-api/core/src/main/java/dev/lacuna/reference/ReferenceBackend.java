package dev.lacuna.reference;

import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Backend;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Objects;

/** Runs every op in plain Java, in double or in float. */
public final class ReferenceBackend implements Backend {
  private final DType real;
  private final IdentityHashMap<Memory, Arena> owned = new IdentityHashMap<>();

  /** A back end whose real tensors are {@link DType#F64} or {@link DType#F32}. */
  public ReferenceBackend(DType real) {
    if (real != DType.F32 && real != DType.F64) {
      throw new IllegalArgumentException("real type is " + real + ", want F32 or F64");
    }
    this.real = real;
  }

  @Override
  public String name() {
    return real == DType.F64 ? "reference-f64" : "reference";
  }

  @Override
  public DType real() {
    return real;
  }

  @Override
  public boolean usesHostMemory() {
    return true;
  }

  @Override
  public String describe() {
    return "precision=" + (real == DType.F64 ? "double" : "float") + ";threads=1";
  }

  @Override
  public Memory allocate(long bytes) {
    Arena arena = Arena.ofShared();
    try {
      Memory memory = Memory.of(arena.allocate(bytes, 64));
      owned.put(memory, arena);
      return memory;
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new LacunaException(
          Status.OUT_OF_MEMORY, "no " + bytes + " bytes of memory outside the heap are left", e);
    }
  }

  @Override
  public void free(Memory memory) {
    Arena arena = owned.remove(memory);
    if (arena == null) {
      throw new IllegalArgumentException("this memory was not allocated here, or was freed before");
    }
    memory.markFreed();
    arena.close();
  }

  @Override
  public void upload(Memory target, long offset, MemorySegment source, long bytes) {
    MemorySegment.copy(source, 0, Objects.requireNonNull(target.host()), offset, bytes);
  }

  @Override
  public void download(MemorySegment target, Memory source, long offset, long bytes) {
    MemorySegment.copy(Objects.requireNonNull(source.host()), offset, target, 0, bytes);
  }

  @Override
  public void copy(Memory target, long targetOffset, Memory source, long sourceOffset, long bytes) {
    MemorySegment.copy(
        Objects.requireNonNull(source.host()),
        sourceOffset,
        Objects.requireNonNull(target.host()),
        targetOffset,
        bytes);
  }

  @Override
  public void run(OpCall call) {
    if (real == DType.F64) {
      dev.lacuna.reference.f64.ReferenceOps.run(call);
    } else {
      dev.lacuna.reference.f32.ReferenceOps.run(call);
    }
  }

  @Override
  public boolean supports(OpLayout op) {
    return real == DType.F64
        ? dev.lacuna.reference.f64.ReferenceOps.has(op)
        : dev.lacuna.reference.f32.ReferenceOps.has(op);
  }

  @Override
  public void close() {
    owned.forEach((memory, arena) -> {
      memory.markFreed();
      arena.close();
    });
    owned.clear();
  }
}
