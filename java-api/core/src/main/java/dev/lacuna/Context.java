package dev.lacuna;

import dev.lacuna.spi.Backend;
import dev.lacuna.spi.BackendProvider;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A back end opened for one user at a time. A context may be handed from thread to thread;
 * overlapping use is refused. Memory that a context allocated is freed by {@link #close()}, after
 * which every use is an error.
 */
public final class Context implements AutoCloseable {
  private enum State {
    IDLE,
    BUSY,
    CLOSED
  }

  private final Backend backend;
  private final OpCall[] calls;
  private final OpCall[] running;
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);

  private final BackendProvider provider;
  private final OpenOptions options;

  /** Opens a back end of a provider. */
  public Context(BackendProvider provider, OpenOptions options) {
    this.provider = provider;
    this.options = options;
    backend = provider.open(options);
    calls = OpLayouts.ALL.stream().map(OpCall::new).toArray(OpCall[]::new);
    running = OpLayouts.ALL.stream().map(OpCall::new).toArray(OpCall[]::new);
  }

  /** Opens another context on the same device with the same options. */
  public Context sibling() {
    return new Context(provider, options);
  }

  /** Whether memory of the other context can be used here: same back end, same device. */
  public boolean sharesDeviceWith(Context other) {
    return backend().equals(other.backend()) && options.device() == other.options.device();
  }

  /** Name of the back end: {@code cpu}, {@code cuda}, {@code reference}, {@code reference-f64}. */
  public String backend() {
    return backend.name();
  }

  /** What the back end says of itself, key=value pairs joined by ';'. */
  public String describe() {
    acquire();
    try {
      return backend.describe();
    } finally {
      state.set(State.IDLE);
    }
  }

  /**
   * The type that real tensors are stored in: {@link DType#F64} on {@code reference-f64}, else
   * {@link DType#F32}.
   */
  public DType real() {
    return backend.real();
  }

  /** Whether ops can work on a caller's memory outside the heap without a copy. */
  public boolean usesHostMemory() {
    return backend.usesHostMemory();
  }

  /** Whether the back end has an op. */
  public boolean supports(OpLayout op) {
    return backend.supports(op);
  }

  /**
   * This context's reusable call of an op, cleared: fill it, then {@link #run} it before asking for
   * the next.
   */
  public OpCall call(OpLayout op) {
    return calls[op.id()].clear();
  }

  /** Checks the arguments and runs the op. */
  public void run(OpCall call) {
    acquire();
    // A copy, so that nobody changes what has been checked.
    OpCall own = running[call.op().id()];
    try {
      own.copyFrom(call);
      own.enter();
      try {
        own.check(backend.real());
        backend.run(own);
      } finally {
        own.leave();
      }
    } finally {
      own.clear();
      state.set(State.IDLE);
    }
  }

  /** Allocates device memory of undefined content, aligned to 64 bytes. */
  public Memory allocate(long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("bytes is " + bytes + ", want > 0");
    }
    acquire();
    try {
      return backend.allocate(bytes);
    } finally {
      state.set(State.IDLE);
    }
  }

  /**
   * Frees memory of {@link #allocate}; after {@link #close()} it is free already and nothing
   * happens.
   */
  public void free(Memory memory) {
    if (state.get() == State.CLOSED) {
      return;
    }
    acquire();
    try {
      backend.free(memory);
    } finally {
      state.set(State.IDLE);
    }
  }

  /** Writes {@code count} real numbers from {@code values[start]} on. */
  public void write(Memory target, long offset, float[] values, int start, int count) {
    if (real() == DType.F64) {
      double[] wide = new double[count];
      for (int i = 0; i < count; i++) {
        wide[i] = values[start + i];
      }
      upload(target, offset, MemorySegment.ofArray(wide), 8L * count);
    } else {
      MemorySegment all = MemorySegment.ofArray(values);
      upload(target, offset, start == 0 ? all : all.asSlice(4L * start), 4L * count);
    }
  }

  /** Writes real numbers, rounded where the back end stores float. */
  public void write(Memory target, long offset, double[] values) {
    if (real() == DType.F64) {
      upload(target, offset, MemorySegment.ofArray(values), 8L * values.length);
    } else {
      float[] narrow = new float[values.length];
      for (int i = 0; i < narrow.length; i++) {
        narrow[i] = (float) values[i];
      }
      write(target, offset, narrow, 0, narrow.length);
    }
  }

  /** Writes integers. */
  public void write(Memory target, long offset, int[] values) {
    upload(target, offset, MemorySegment.ofArray(values), 4L * values.length);
  }

  /** Reads real numbers. */
  public double[] read(Memory source, long offset, int count) {
    double[] values = new double[count];
    if (real() == DType.F64) {
      download(MemorySegment.ofArray(values), source, offset, 8L * count);
    } else {
      float[] narrow = new float[count];
      download(MemorySegment.ofArray(narrow), source, offset, 4L * count);
      for (int i = 0; i < count; i++) {
        values[i] = narrow[i];
      }
    }
    return values;
  }

  /** Copies bytes from the host into device memory. */
  public void upload(Memory target, long offset, MemorySegment source, long bytes) {
    acquire();
    try {
      checkRange(target, offset, bytes);
      checkHost(source, bytes);
      backend.upload(target, offset, source, bytes);
    } finally {
      state.set(State.IDLE);
    }
  }

  /** Copies bytes from device memory to the host and waits for them. */
  public void download(MemorySegment target, Memory source, long offset, long bytes) {
    acquire();
    try {
      checkRange(source, offset, bytes);
      checkHost(target.isReadOnly() ? MemorySegment.NULL : target, bytes);
      backend.download(target, source, offset, bytes);
    } finally {
      state.set(State.IDLE);
    }
  }

  private static void checkRange(Memory memory, long offset, long bytes) {
    if (memory.isFreed()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "copy to or from memory that was freed: its context or store is closed");
    }
    if (offset < 0 || bytes < 0 || bytes > memory.bytes() - offset) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "copy of "
              + bytes
              + " bytes at "
              + offset
              + " in memory of "
              + memory.bytes()
              + " bytes");
    }
  }

  private static void checkHost(MemorySegment host, long bytes) {
    if (host.byteSize() < bytes) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "copy of "
              + bytes
              + " bytes from or to "
              + host.byteSize()
              + " writable bytes of the host");
    }
  }

  private void acquire() {
    if (!state.compareAndSet(State.IDLE, State.BUSY)) {
      if (state.get() == State.CLOSED) {
        throw new LacunaException(Status.INVALID_ARGUMENT, "this context is closed");
      }
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "this context is in use by another thread; open one context per thread, or hand it over");
    }
  }

  /** Frees everything; closing twice is fine, closing while another thread works is refused. */
  @Override
  public void close() {
    if (state.get() == State.CLOSED) {
      return;
    }
    acquire();
    try {
      backend.close();
    } finally {
      state.set(State.CLOSED);
    }
  }
}
