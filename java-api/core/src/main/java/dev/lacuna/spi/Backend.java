package dev.lacuna.spi;

import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.lang.foreign.MemorySegment;

/**
 * Runs ops on one device. A back end is used by one thread at a time; {@link dev.lacuna.Context}
 * sees to that.
 *
 * <p>Calls throw {@link dev.lacuna.LacunaException} with the back end's own text.
 */
public interface Backend extends AutoCloseable {
  /** Name of the provider: {@code reference}, {@code cpu}, {@code cuda}. */
  String name();

  /** The type that real tensors are stored in. */
  DType real();

  /**
   * Whether ops can work on the host's own memory, so that a caller's segment outside the heap
   * needs no copy.
   */
  boolean usesHostMemory();

  /** Facts for people: key=value pairs joined by ';'. */
  String describe();

  /**
   * Allocates memory of undefined content, aligned to 64 bytes; freed by {@link #free} or {@link
   * #close}.
   */
  Memory allocate(long bytes);

  /** Frees what {@link #allocate} returned, lets go of what {@link #adopt} did. */
  void free(Memory memory);

  /** Copies bytes from the host. */
  void upload(Memory target, long offset, MemorySegment source, long bytes);

  /** Copies bytes to the host and waits for them. */
  void download(MemorySegment target, Memory source, long offset, long bytes);

  /** Copies bytes within the device's memory; the two ranges do not overlap. */
  void copy(Memory target, long targetOffset, Memory source, long sourceOffset, long bytes);

  /** Waits for everything issued so far and reports its errors. */
  default void synchronize() {}

  /** Waits for everything issued on the device, by whomever; errors are not reported here. */
  default void synchronizeDevice() {}

  /** Makes memory of another owner on this device usable here; {@link #free} lets go of it. */
  default Memory adopt(long address, long bytes) {
    throw hasNone("memory of other owners");
  }

  /** The stream that work is enqueued on. */
  default long stream() {
    throw hasNone("streams");
  }

  /** Enqueues on a stream of another owner, 0 for the own one again. */
  default void useStream(long stream) {
    throw hasNone("streams");
  }

  /** Begins to measure the device's time. */
  default void startTimer() {
    throw hasNone("a timer of its own");
  }

  /** Milliseconds since {@link #startTimer} on the device; waits for its work. */
  default double stopTimer() {
    throw hasNone("a timer of its own");
  }

  private LacunaException hasNone(String what) {
    return new LacunaException(Status.UNSUPPORTED, "the back end " + name() + " has no " + what);
  }

  /** Runs an op; the call was checked by {@link OpCall#check}. */
  void run(OpCall call);

  /** The most bytes of scratch memory that an op run so far has asked for. */
  default long workspaceBytes() {
    return 0;
  }

  /** Whether the back end has the op. */
  boolean supports(OpLayout op);

  @Override
  void close();
}
