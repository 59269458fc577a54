package dev.lacuna.contract;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Blocks of whole pages with an inaccessible page on either side, so that a kernel that reaches
 * beyond its tensor ends the process at once. Freed blocks are kept for the next {@link #take}.
 */
@SuppressWarnings("restricted") // guard pages are not to be had from Java
final class GuardedMemory {
  private static final int NO_ACCESS = 0;
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final long PAGE = pageSize();

  private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

  /** A block of at least {@code bytes}, a multiple of the page size. */
  MemorySegment take(long bytes) {
    long size = Math.max((bytes + PAGE - 1) / PAGE, 1) * PAGE;
    MemorySegment kept = free.computeIfAbsent(size, s -> new ArrayDeque<>()).poll();
    return kept != null ? kept : map(size);
  }

  /** Gives a block back. */
  void free(MemorySegment block) {
    free.computeIfAbsent(block.byteSize(), s -> new ArrayDeque<>()).push(block);
  }

  private static MemorySegment map(long size) {
    try {
      MemorySegment all =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL, size + 2 * PAGE, NO_ACCESS, PRIVATE_ANONYMOUS, -1, 0L);
      if (all.address() == -1) {
        throw new IllegalStateException("mmap of " + size + " bytes failed");
      }
      MemorySegment block = MemorySegment.ofAddress(all.address() + PAGE).reinterpret(size);
      if ((int) MPROTECT.invokeExact(block, size, READ_WRITE) != 0) {
        throw new IllegalStateException("mprotect of " + size + " bytes failed");
      }
      return block;
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static final MethodHandle MMAP =
      libc(
          "mmap",
          FunctionDescriptor.of(
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG));

  private static final MethodHandle MPROTECT =
      libc(
          "mprotect",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));

  private static long pageSize() {
    try {
      return (int) libc("getpagesize", FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodHandle libc(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }
}
