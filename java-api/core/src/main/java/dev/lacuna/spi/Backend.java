package dev.lacuna.spi;

import dev.lacuna.DType;
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

  /** Frees what {@link #allocate} returned. */
  void free(Memory memory);

  /** Copies bytes from the host. */
  void upload(Memory target, long offset, MemorySegment source, long bytes);

  /** Copies bytes to the host and waits for them. */
  void download(MemorySegment target, Memory source, long offset, long bytes);

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
