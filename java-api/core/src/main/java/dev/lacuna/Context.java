package dev.lacuna;

import dev.lacuna.spi.Backend;
import dev.lacuna.spi.BackendProvider;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import dev.lacuna.spi.OpOverride;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A back end opened for one user at a time. A context may be handed from thread to thread;
 * overlapping use is refused. Memory that a context allocated is freed by {@link #close()}, after
 * which every use is an error.
 */
public final class Context implements AutoCloseable {
  /** What a hold lends out of one block that is kept: larger things are allocated and freed. */
  private static final long LENT_BYTES = 1 << 20;

  private static final long ALIGNMENT = 64;

  private final Backend backend;
  private final Device device;
  private final OpCall[] running;
  private final @Nullable OpOverride[] overrides = new @Nullable OpOverride[OpLayouts.ALL.size()];
  private final BackendProvider provider;
  private final OpenOptions options;

  /** Whose turn it is, how many holds and calls of that thread are open, and what they lent. */
  private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();

  private int depth;
  private @Nullable Memory lent;
  private long lentBytes;

  private volatile boolean closed;
  private volatile Calls calls = new Calls(Thread.currentThread());

  /** The reusable calls of one thread: a thread that takes over gets its own. */
  private static final class Calls {
    private final Thread thread;
    private final @Nullable OpCall[] of = new @Nullable OpCall[OpLayouts.ALL.size()];

    Calls(Thread thread) {
      this.thread = thread;
    }
  }

  /** Opens a back end of a provider. */
  public Context(BackendProvider provider, OpenOptions options) {
    this.provider = provider;
    this.options = options;
    backend = provider.open(options);
    device = new Device(backend.name(), options.device().index());
    running = OpLayouts.ALL.stream().map(OpCall::new).toArray(OpCall[]::new);
  }

  /** Opens another context on the same device with the same options. */
  public Context sibling() {
    return new Context(provider, options);
  }

  /** Whether memory of the other context can be used here: same back end, same device. */
  public boolean sharesDeviceWith(Context other) {
    return device.equals(other.device);
  }

  /** Name of the back end: {@code cpu}, {@code cuda}, {@code reference}, {@code reference-f64}. */
  public String backend() {
    return backend.name();
  }

  /** Where ops run. */
  public Device device() {
    return device;
  }

  /** What the back end says of itself, key=value pairs joined by ';'. */
  public String describe() {
    acquire();
    try {
      return backend.describe();
    } finally {
      release();
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

  /**
   * The most bytes of scratch memory that an op run here so far has asked for, beyond its tensors:
   * 0 on back ends that need none.
   */
  public long workspaceBytes() {
    acquire();
    try {
      return backend.workspaceBytes();
    } finally {
      release();
    }
  }

  /** Whether the back end has an op. */
  public boolean supports(OpLayout op) {
    return backend.supports(op);
  }

  /**
   * This thread's reusable call of an op, cleared: fill it, then {@link #run} it before asking for
   * the next.
   */
  public OpCall call(OpLayout op) {
    Calls own = calls;
    if (!own.thread.equals(Thread.currentThread())) {
      own = new Calls(Thread.currentThread());
      calls = own;
    }
    OpCall call = own.of[op.id()];
    if (call == null) {
      call = new OpCall(op);
      own.of[op.id()] = call;
    }
    return call.clear();
  }

  /**
   * Takes this context for the calling thread till the hold is closed: what is done with several
   * calls is then either done as a whole or refused before it begins. The thread that holds a
   * context may take further holds.
   *
   * @throws LacunaException where another thread uses this context, or it is closed
   */
  public Hold hold() {
    acquire();
    return new Hold();
  }

  /** A context taken by one thread, and memory that lives as long. */
  public final class Hold implements AutoCloseable {
    private final long start = lentBytes;
    private final List<Memory> allocated = new ArrayList<>();
    private boolean over;

    private Hold() {}

    /** Memory of undefined content, aligned to 64 bytes, that is given back with this hold. */
    public Memory allocate(long bytes) {
      if (over) {
        throw new LacunaException(Status.INVALID_ARGUMENT, "this hold of a context is closed");
      }
      if (bytes > LENT_BYTES - lentBytes) {
        Memory memory = Context.this.allocate(bytes);
        allocated.add(memory);
        return memory;
      }
      Memory block = lent;
      if (block == null) {
        block = Context.this.allocate(LENT_BYTES);
        lent = block;
      }
      Memory memory = block.slice(lentBytes, bytes);
      lentBytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      return memory;
    }

    /** Gives the context and the memory back; closing twice is fine. */
    @Override
    public void close() {
      if (!over) {
        over = true;
        allocated.forEach(Context.this::free);
        lentBytes = start;
        release();
      }
    }
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
        own.check(backend.real(), device);
        OpOverride other = overrides[own.op().id()];
        if (other == null || !other.run(own)) {
          backend.run(own);
        }
      } finally {
        own.leave();
      }
    } finally {
      own.clear();
      release();
    }
  }

  /**
   * Gives an op's calls to another implementation before the back end sees them; null ends that.
   */
  public void override(OpLayout op, @Nullable OpOverride implementation) {
    acquire();
    try {
      overrides[op.id()] = implementation;
    } finally {
      release();
    }
  }

  /** Allocates device memory of undefined content, aligned to 64 bytes. */
  public Memory allocate(long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("bytes is " + bytes + ", want > 0");
    }
    acquire();
    try {
      return backend.allocate(bytes).at(device);
    } finally {
      release();
    }
  }

  /**
   * Frees memory of {@link #allocate}, or lets go of memory of {@link #adopt}; after {@link
   * #close()} that has happened already and nothing does. Where other contexts used it, {@link
   * #synchronizeDevice()} comes first: their work may still be under way.
   */
  public void free(Memory memory) {
    if (closed) {
      return;
    }
    acquire();
    try {
      backend.free(memory);
    } finally {
      release();
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
      release();
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
      release();
    }
  }

  /**
   * Copies bytes within device memory, from one piece to another that it does not overlap. Nobody
   * waits: what is run later sees the copy.
   */
  public void copy(Memory target, long targetOffset, Memory source, long sourceOffset, long bytes) {
    acquire();
    try {
      checkRange(target, targetOffset, bytes);
      checkRange(source, sourceOffset, bytes);
      backend.copy(target, targetOffset, source, sourceOffset, bytes);
    } finally {
      release();
    }
  }

  /**
   * Waits until everything run here so far is done, and reports what went wrong in it. {@link
   * #read} and {@link #download} do so by themselves. Contexts of one GPU work side by side: memory
   * that one has written may be used by another after this.
   */
  public void synchronize() {
    acquire();
    try {
      backend.synchronize();
    } finally {
      release();
    }
  }

  /**
   * Waits until everything run on this device so far is done, by all its contexts: before memory
   * that several of them use is written or freed. What went wrong in the work of another context is
   * that one's to report.
   */
  public void synchronizeDevice() {
    acquire();
    try {
      backend.synchronizeDevice();
    } finally {
      release();
    }
  }

  // Working beside other users of a GPU.

  /**
   * Memory that somebody else allocated on this context's device, a {@code CUdeviceptr} say, as
   * memory of this context, without a copy. It stays the owner's and must be left allocated until
   * the work on it is done and {@link #free} has let go of it. Nothing orders the work of the
   * owner's streams with this context's: see {@link #useStream}.
   *
   * @param address within one allocation in the device's primary context
   * @param bytes that may be used from there on, more than 0; they must not overlap other memory of
   *     this context
   * @throws LacunaException where no such memory lies on this device, or the back end is the
   *     reference
   */
  public Memory adopt(long address, long bytes) {
    acquire();
    try {
      return backend.adopt(address, bytes).at(device);
    } finally {
      release();
    }
  }

  /**
   * The stream that ops of this context are enqueued on, a {@code CUstream}: another user of the
   * GPU who enqueues on it as well comes after what was run here.
   *
   * @throws LacunaException where the back end is not CUDA
   */
  public long stream() {
    acquire();
    try {
      return backend.stream();
    } finally {
      release();
    }
  }

  /**
   * Enqueues ops on somebody else's stream from now on, after what was run here so far. The stream
   * stays the owner's and must outlive its use here.
   *
   * @param stream a {@code CUstream} of the device's primary context, 0 for this context's own
   *     again
   * @throws LacunaException where the back end is not CUDA
   */
  public void useStream(long stream) {
    acquire();
    try {
      backend.useStream(stream);
    } finally {
      release();
    }
  }

  /**
   * Begins to measure the device's own time, till {@link #stopTimer}; a second start forgets the
   * first.
   *
   * @throws LacunaException where the back end is the reference
   */
  public void startTimer() {
    acquire();
    try {
      backend.startTimer();
    } finally {
      release();
    }
  }

  /** Milliseconds that the device spent on what was run since {@link #startTimer}; waits for it. */
  public double stopTimer() {
    acquire();
    try {
      return backend.stopTimer();
    } finally {
      release();
    }
  }

  private void checkRange(Memory memory, long offset, long bytes) {
    if (!memory.isAt(device)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "copy to or from memory of device " + memory.home() + ", want " + device);
    }
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
    Thread me = Thread.currentThread();
    if (!me.equals(user.get()) && !user.compareAndSet(null, me)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "this context is in use by another thread; open one context per thread, or hand it over");
    }
    if (closed) {
      if (depth == 0) {
        user.set(null);
      }
      throw new LacunaException(Status.INVALID_ARGUMENT, "this context is closed");
    }
    depth++;
  }

  private void release() {
    depth--;
    if (depth == 0) {
      user.set(null);
    }
  }

  /** Whether {@link #close} has been called: nothing is under way any more. */
  public boolean isClosed() {
    return closed;
  }

  /** Frees everything; closing twice is fine, closing while a thread works or holds is refused. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    acquire();
    try {
      if (depth > 1) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT, "this context is held: close the hold before the context");
      }
      backend.close();
      closed = true;
    } finally {
      release();
    }
  }
}
