package dev.lacuna.bindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Backend;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A context of a native library: writes a call's arguments into one reused struct and calls the op.
 */
@SuppressWarnings("restricted") // the only place where an address becomes a segment
final class NativeBackend implements Backend {
  /** Whether Java can reach the device's memory. */
  enum MemoryKind {
    HOST,
    DEVICE
  }

  /** {@code LACUNA_FLAG_FAST}. */
  private static final int FLAG_FAST = 1;

  /** How memory ends: its host segment with the arena, adopted memory without being freed. */
  private record Life(Arena arena, boolean adopted) {}

  private static final long LARGEST_STRUCT =
      OpLayouts.ALL.stream().mapToInt(OpLayout::structSize).max().orElseThrow();

  private final String name;
  private final NativeLibrary library;
  private final MemoryKind kind;
  private final MemorySegment context;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment args = arena.allocate(LARGEST_STRUCT, 8);
  private final MemorySegment scratch = arena.allocate(JAVA_LONG);
  private final @Nullable MemorySegment[] functions;
  private final IdentityHashMap<Memory, Life> lives = new IdentityHashMap<>();

  /** Memory of other contexts of this device that the library has been told of. */
  private final Set<Memory> neighbours = Collections.newSetFromMap(new IdentityHashMap<>());

  /** A caller's segments that the call under way works on, for Java to keep them open. */
  private final MemorySegment[] few = new MemorySegment[NativeLibrary.FEW];

  private final MemorySegment[] many = new MemorySegment[NativeLibrary.MANY];
  private @Nullable Memory workspace;
  private long workspaceBytes;
  private @Nullable Memory staging;

  NativeBackend(String name, NativeLibrary library, MemoryKind kind, MemorySegment context) {
    this.name = name;
    this.library = library;
    this.kind = kind;
    this.context = context;
    functions = new @Nullable MemorySegment[OpLayouts.ALL.size()];
    for (OpLayout op : OpLayouts.ALL) {
      functions[op.id()] = library.lookup(context, op);
    }
    Arrays.fill(few, MemorySegment.NULL);
    Arrays.fill(many, MemorySegment.NULL);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public DType real() {
    return DType.F32;
  }

  @Override
  public boolean usesHostMemory() {
    return kind == MemoryKind.HOST;
  }

  @Override
  public String describe() {
    return library.describe(context);
  }

  @Override
  public Memory allocate(long bytes) {
    forgetFreedNeighbours();
    return begin(library.alloc(context, bytes, scratch), bytes, false);
  }

  @Override
  public Memory adopt(long address, long bytes) {
    forgetFreedNeighbours();
    library.adopt(context, address, bytes);
    return begin(address, bytes, true);
  }

  /** A library that must know its device's memory is told of what another context allocated. */
  private void introduce(Memory memory) {
    Memory whole = memory.whole();
    boolean strange =
        kind == MemoryKind.DEVICE
            && whole.home() != null
            && !lives.containsKey(whole)
            && !neighbours.contains(whole);
    if (strange) {
      forgetFreedNeighbours();
      library.adopt(context, whole.address(), whole.bytes());
      neighbours.add(whole);
    }
  }

  /** Their addresses may come back as other memory. */
  private void forgetFreedNeighbours() {
    neighbours.removeIf(memory -> {
      boolean freed = memory.isFreed();
      if (freed) {
        library.release(context, memory.address());
      }
      return freed;
    });
  }

  private Memory begin(long address, long bytes, boolean adopted) {
    Arena life = Arena.ofShared();
    MemorySegment host =
        kind == MemoryKind.HOST
            ? MemorySegment.ofAddress(address).reinterpret(bytes, life, null)
            : null;
    Memory memory = new Memory(address, bytes, host);
    lives.put(memory, new Life(life, adopted));
    return memory;
  }

  @Override
  public void free(Memory memory) {
    Life life = lives.remove(memory);
    if (life == null) {
      throw new IllegalArgumentException(
          "this memory is not of this back end, or was freed before");
    }
    memory.markFreed();
    life.arena.close();
    if (life.adopted) {
      library.release(context, memory.address());
    } else {
      library.free(context, memory.address());
    }
  }

  @Override
  public void upload(Memory target, long offset, MemorySegment source, long bytes) {
    introduce(target);
    if (kind == MemoryKind.HOST) {
      MemorySegment.copy(source, 0, Objects.requireNonNull(target.host()), offset, bytes);
    } else if (source.isNative()) {
      library.upload(context, target.address() + offset, source, bytes);
    } else {
      MemorySegment stage = staging(bytes);
      MemorySegment.copy(source, 0, stage, 0, bytes);
      library.upload(context, target.address() + offset, stage, bytes);
    }
  }

  @Override
  public void download(MemorySegment target, Memory source, long offset, long bytes) {
    introduce(source);
    if (kind == MemoryKind.HOST) {
      MemorySegment.copy(Objects.requireNonNull(source.host()), offset, target, 0, bytes);
    } else if (target.isNative()) {
      library.download(context, target, source.address() + offset, bytes);
    } else {
      MemorySegment stage = staging(bytes);
      library.download(context, stage, source.address() + offset, bytes);
      MemorySegment.copy(stage, 0, target, 0, bytes);
    }
  }

  @Override
  public void copy(Memory target, long targetOffset, Memory source, long sourceOffset, long bytes) {
    introduce(target);
    introduce(source);
    library.copy(context, target.address() + targetOffset, source.address() + sourceOffset, bytes);
  }

  @Override
  public long stream() {
    return library.stream(context, scratch);
  }

  @Override
  public void useStream(long stream) {
    library.useStream(context, stream);
  }

  @Override
  public void startTimer() {
    library.startTimer(context);
  }

  @Override
  public double stopTimer() {
    return library.stopTimer(context, scratch);
  }

  @Override
  public void synchronize() {
    library.synchronize(context);
  }

  @Override
  public void synchronizeDevice() {
    library.synchronizeDevice(context);
  }

  /** Host memory that a native call can see: the heap may move. */
  private MemorySegment staging(long bytes) {
    if (staging == null || staging.bytes() < bytes) {
      staging = Memory.of(arena.allocate(Math.max(2 * bytes, 1 << 16), 64));
    }
    return Objects.requireNonNull(staging.host());
  }

  @Override
  public void run(OpCall call) {
    OpLayout op = call.op();
    MemorySegment function = functions[op.id()];
    if (function == null) {
      throw new LacunaException(
          Status.UNSUPPORTED, "the " + name + " back end has no " + op.name());
    }
    args.set(JAVA_INT, 0, op.structSize());
    args.set(JAVA_INT, 4, call.isFast() ? FLAG_FAST : 0);
    args.set(JAVA_LONG, 8, 0);
    args.set(JAVA_LONG, 16, 0);
    List<OpField> fields = op.fields();
    int kept = 0;
    for (int i = 0; i < fields.size(); i++) {
      long value = call.value(i);
      if (fields.get(i).kind().isTensor()) {
        Memory memory = call.memory(i);
        if (memory != null && memory.address() == 0 && memory.bytes() > 0) {
          throw new LacunaException(
              Status.INVALID_ARGUMENT,
              op.name()
                  + ": "
                  + fields.get(i).name()
                  + " lies on Java's heap, where native code cannot reach it");
        }
        if (memory != null) {
          introduce(memory);
        }
        value = memory == null ? 0 : memory.address() + value;
        if (memory != null && memory.home() == null && memory.host() != null) {
          many[kept] = memory.host();
          kept++;
        }
      }
      args.set(JAVA_LONG, OpLayout.FIRST_FIELD + 8L * i, value);
    }
    long bytes = library.workspace(context, op.id(), args, scratch);
    if (bytes > 0) {
      Memory room = workspace(bytes);
      args.set(JAVA_LONG, 8, room.address());
      args.set(JAVA_LONG, 16, room.bytes());
    }
    if (kept == 0) {
      library.run(context, function, args);
    } else {
      runKeeping(function, kept);
    }
  }

  private void runKeeping(MemorySegment function, int count) {
    boolean fits = count <= few.length;
    if (fits) {
      System.arraycopy(many, 0, few, 0, count);
    }
    try {
      library.runKeeping(context, function, args, fits ? few : many);
    } catch (IllegalStateException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "the arena of an array was closed by another thread", e);
    } finally {
      Arrays.fill(few, MemorySegment.NULL);
      Arrays.fill(many, 0, count, MemorySegment.NULL);
    }
  }

  private Memory workspace(long bytes) {
    workspaceBytes = Math.max(workspaceBytes, bytes);
    Memory room = workspace;
    if (room == null || room.bytes() < bytes) {
      if (room != null) {
        free(room);
        workspace = null;
      }
      room = allocateRoom(bytes);
      workspace = room;
    }
    return room;
  }

  /**
   * Half as much again as is asked for, so that slow growth allocates seldom, where there is room.
   */
  private Memory allocateRoom(long bytes) {
    try {
      return allocate(bytes + Math.min(bytes / 2, Long.MAX_VALUE - bytes));
    } catch (LacunaException e) {
      if (e.status() != Status.OUT_OF_MEMORY) {
        throw e;
      }
      return allocate(bytes);
    }
  }

  @Override
  public long workspaceBytes() {
    return workspaceBytes;
  }

  @Override
  public boolean supports(OpLayout op) {
    return functions[op.id()] != null;
  }

  @Override
  public void close() {
    lives.forEach((memory, life) -> {
      memory.markFreed();
      life.arena.close();
    });
    lives.clear();
    library.close(context);
    arena.close();
  }
}
