package dev.lacuna.contract;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;

/**
 * What tests ask of the stand-in driver, as {@code kernels/emulator/standin.h} has it, and tell it.
 */
@SuppressWarnings("restricted") // a library that only tests know
final class StandIn {
  private static final long TEXT_LIMIT = 1 << 20;
  private static final SymbolLookup LIBRARY =
      SymbolLookup.libraryLookup(Path.of(Target.STAND_IN), Arena.global());
  private static final MethodHandle CALLS =
      function("standin_calls", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS));
  private static final MethodHandle REPORTS =
      function("standin_reports", FunctionDescriptor.of(ValueLayout.ADDRESS));
  private static final MethodHandle DEFER =
      function("standin_defer", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));

  private static int told;

  private StandIn() {}

  private static MethodHandle function(String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(LIBRARY.findOrThrow(name), type);
  }

  /** How often a function of the driver was called so far. */
  static long calls(String driverFunction) {
    try (Arena arena = Arena.ofConfined()) {
      long calls = (long) CALLS.invokeExact(arena.allocateFrom(driverFunction));
      if (calls < 0) {
        throw new IllegalArgumentException("the stand-in has no " + driverFunction);
      }
      return calls;
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether work waits in its stream until something waits for it, as on a slow card. */
  static void defer(boolean deferred) {
    try {
      DEFER.invokeExact(deferred ? 1 : 0);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** What was found wrong since the last call of this method, a line each. */
  static synchronized List<String> reports() {
    String text;
    try {
      MemorySegment all = (MemorySegment) REPORTS.invokeExact();
      text = all.reinterpret(TEXT_LIMIT).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    List<String> fresh = text.substring(told).lines().toList();
    told = text.length();
    return fresh;
  }
}
