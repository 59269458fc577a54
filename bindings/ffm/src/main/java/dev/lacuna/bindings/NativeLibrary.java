package dev.lacuna.bindings;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A loaded library that speaks the Lacuna ABI, checked against {@link OpLayouts}. Loaded with
 * {@code dlopen}, because {@code SymbolLookup} hides the linker's message and {@code System.load}
 * refuses a second class loader; never closed.
 */
@SuppressWarnings("restricted") // calling native code is what this module is for
final class NativeLibrary {
  private static final int RTLD_NOW = 2;
  private static final long TEXT_LIMIT = 4096;
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle DLOPEN =
      libc("dlopen", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
  private static final MethodHandle DLERROR = libc("dlerror", FunctionDescriptor.of(ADDRESS));
  private static final MethodHandle DLSYM =
      libc("dlsym", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS));

  // The function's address is the first argument, so that one handle of each shape serves every
  // library and op.
  private static final MethodHandle CALL =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle PLAIN_CALL =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS));

  /** Most segments that {@link #runKeeping} passes: few make a cheaper call. */
  static final int FEW = 8;

  static final int MANY = 31;

  private static final MethodHandle KEEPING_FEW = keeping(FEW);
  private static final MethodHandle KEEPING_MANY = keeping(MANY);
  private static final MethodHandle WORKSPACE =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle OPEN =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));
  private static final MethodHandle CLOSE =
      LINKER.downcallHandle(FunctionDescriptor.ofVoid(ADDRESS));
  private static final MethodHandle TEXT =
      LINKER.downcallHandle(FunctionDescriptor.of(ADDRESS, ADDRESS));
  private static final MethodHandle ALLOC =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
  private static final MethodHandle ADOPT =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG));
  private static final MethodHandle COPY =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));
  private static final MethodHandle LOOKUP =
      LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
  private static final MethodHandle NUMBER = LINKER.downcallHandle(FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle POINTER = LINKER.downcallHandle(FunctionDescriptor.of(ADDRESS));

  private final Path file;
  private final MemorySegment handle;
  private final MemorySegment workspace;
  private final MemorySegment close;
  private final MemorySegment lastError;
  private final MemorySegment describe;
  private final MemorySegment alloc;
  private final MemorySegment free;
  private final MemorySegment upload;
  private final MemorySegment download;
  private final MemorySegment copy;
  private final MemorySegment synchronize;
  private final MemorySegment synchronizeDevice;
  private final MemorySegment adopt;
  private final MemorySegment release;
  private final MemorySegment stream;
  private final MemorySegment useStream;
  private final MemorySegment timerStart;
  private final MemorySegment timerStop;
  private final MemorySegment lookup;
  private final MemorySegment runKeeping;
  private final MemorySegment open;

  /** Loads a library and compares its op table with ours. */
  NativeLibrary(Path file) {
    this.file = file;
    try (Arena arena = Arena.ofConfined()) {
      handle = (MemorySegment) DLOPEN.invokeExact(arena.allocateFrom(file.toString()), RTLD_NOW);
      if (handle.address() == 0) {
        throw new LacunaException(Status.UNSUPPORTED, text((MemorySegment) DLERROR.invokeExact()));
      }
    } catch (Throwable e) {
      throw unchecked(e);
    }
    open = symbol("lacuna_context_open");
    close = symbol("lacuna_context_close");
    lastError = symbol("lacuna_last_error");
    describe = symbol("lacuna_describe");
    alloc = symbol("lacuna_alloc");
    free = symbol("lacuna_free");
    upload = symbol("lacuna_upload");
    download = symbol("lacuna_download");
    copy = symbol("lacuna_copy");
    synchronize = symbol("lacuna_synchronize");
    synchronizeDevice = symbol("lacuna_synchronize_device");
    adopt = symbol("lacuna_adopt");
    release = symbol("lacuna_release");
    stream = symbol("lacuna_stream");
    useStream = symbol("lacuna_use_stream");
    timerStart = symbol("lacuna_timer_start");
    timerStop = symbol("lacuna_timer_stop");
    lookup = symbol("lacuna_op_lookup");
    runKeeping = symbol("lacuna_run_keeping");
    workspace = symbol("lacuna_workspace");
    compareTables();
  }

  /** The file it was loaded from. */
  Path file() {
    return file;
  }

  private static MethodHandle keeping(int count) {
    MemoryLayout[] parameters = new MemoryLayout[3 + count];
    Arrays.fill(parameters, ADDRESS);
    return LINKER
        .downcallHandle(
            FunctionDescriptor.of(JAVA_INT, parameters), Linker.Option.firstVariadicArg(3))
        .asSpreader(MemorySegment[].class, count);
  }

  private static MethodHandle libc(String name, FunctionDescriptor descriptor) {
    MemorySegment address =
        LINKER
            .defaultLookup()
            .find(name)
            .orElseThrow(
                () -> new LacunaException(Status.UNSUPPORTED, "the C library has no " + name));
    return LINKER.downcallHandle(address, descriptor);
  }

  private MemorySegment symbol(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = (MemorySegment) DLSYM.invokeExact(handle, arena.allocateFrom(name));
      if (address.address() == 0) {
        throw new LacunaException(Status.ABI_MISMATCH, file + " has no " + name);
      }
      return address;
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private void compareTables() {
    int version = number("lacuna_abi_version");
    int major = version >>> 16;
    int minor = version & 0xFFFF;
    if (major != OpLayouts.ABI_MAJOR || minor < OpLayouts.ABI_MINOR) {
      throw mismatch(
          "ABI version", major + "." + minor, OpLayouts.ABI_MAJOR + "." + OpLayouts.ABI_MINOR);
    }
    int count = number("lacuna_op_count");
    if (count < OpLayouts.ALL.size()) {
      throw mismatch("op count", count, OpLayouts.ALL.size());
    }
    MemorySegment table = pointer("lacuna_op_table").reinterpret(32L * count);
    for (OpLayout op : OpLayouts.ALL) {
      MemorySegment info = table.asSlice(32L * op.id(), 32);
      compare(op + " name", text(info.get(ADDRESS, 0)), op.name());
      compare(op + " id", info.get(JAVA_INT, 8), op.id());
      compare(op + " struct size", info.get(JAVA_INT, 12), op.structSize());
      compare(op + " field count", info.get(JAVA_INT, 16), op.fields().size());
      MemorySegment fields = info.get(ADDRESS, 24).reinterpret(48L * op.fields().size());
      for (int i = 0; i < op.fields().size(); i++) {
        OpField field = op.fields().get(i);
        MemorySegment f = fields.asSlice(48L * i, 48);
        compare(op + " field " + i, text(f.get(ADDRESS, 0)), field.name());
        compare(op + "." + field.name() + " kind", f.get(JAVA_INT, 8), field.kind().code());
        compare(
            op + "." + field.name() + " offset", f.get(JAVA_INT, 16), OpLayout.FIRST_FIELD + 8 * i);
      }
    }
  }

  private void compare(String what, Object got, Object want) {
    if (!got.equals(want)) {
      throw mismatch(what, got, want);
    }
  }

  private LacunaException mismatch(String what, Object got, Object want) {
    return new LacunaException(
        Status.ABI_MISMATCH,
        file
            + " does not match these bindings: "
            + what
            + " is "
            + got
            + ", want "
            + want
            + "; use the natives of the same Lacuna version");
  }

  private int number(String function) {
    try {
      return (int) NUMBER.invokeExact(symbol(function));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private MemorySegment pointer(String function) {
    try {
      return (MemorySegment) POINTER.invokeExact(symbol(function));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  /** Opens a context; the arguments are those of {@code lacuna_open_args}. */
  MemorySegment open(int tier, int threads, int device, String libraryFolder) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment args = arena.allocate(24, 8);
      args.set(JAVA_INT, 0, 24);
      args.set(JAVA_INT, 4, tier);
      args.set(JAVA_INT, 8, threads);
      args.set(JAVA_INT, 12, device);
      args.set(
          ADDRESS,
          16,
          libraryFolder.isEmpty() ? MemorySegment.NULL : arena.allocateFrom(libraryFolder));
      MemorySegment out = arena.allocate(ADDRESS);
      MemorySegment error = arena.allocate(TEXT_LIMIT);
      int status = (int) OPEN.invokeExact(open, args, out, error, TEXT_LIMIT);
      if (status != 0) {
        throw new LacunaException(Status.of(status), error.getString(0));
      }
      return out.get(ADDRESS, 0);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void close(MemorySegment context) {
    try {
      CLOSE.invokeExact(close, context);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  String describe(MemorySegment context) {
    return text(describe, context);
  }

  private static String text(MemorySegment function, MemorySegment context) {
    try {
      return text((MemorySegment) TEXT.invokeExact(function, context));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private static String text(MemorySegment zeroTerminated) {
    return zeroTerminated.address() == 0 ? "" : zeroTerminated.reinterpret(TEXT_LIMIT).getString(0);
  }

  long alloc(MemorySegment context, long bytes, MemorySegment out) {
    try {
      check(context, (int) ALLOC.invokeExact(alloc, context, bytes, out));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void free(MemorySegment context, long address) {
    call(free, context, MemorySegment.ofAddress(address));
  }

  void adopt(MemorySegment context, long address, long bytes) {
    try {
      MemorySegment foreign = MemorySegment.ofAddress(address);
      check(context, (int) ADOPT.invokeExact(adopt, context, foreign, bytes));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void release(MemorySegment context, long address) {
    call(release, context, MemorySegment.ofAddress(address));
  }

  /** {@code out} is 8 bytes of scratch. */
  long stream(MemorySegment context, MemorySegment out) {
    call(stream, context, out);
    return out.get(JAVA_LONG, 0);
  }

  void useStream(MemorySegment context, long foreign) {
    call(useStream, context, MemorySegment.ofAddress(foreign));
  }

  void startTimer(MemorySegment context) {
    call(timerStart, context);
  }

  /** {@code out} is 8 bytes of scratch. */
  double stopTimer(MemorySegment context, MemorySegment out) {
    call(timerStop, context, out);
    return out.get(JAVA_DOUBLE, 0);
  }

  void synchronize(MemorySegment context) {
    call(synchronize, context);
  }

  void synchronizeDevice(MemorySegment context) {
    call(synchronizeDevice, context);
  }

  private void call(MemorySegment function, MemorySegment context) {
    try {
      check(context, (int) PLAIN_CALL.invokeExact(function, context));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private void call(MemorySegment function, MemorySegment context, MemorySegment argument) {
    try {
      check(context, (int) CALL.invokeExact(function, context, argument));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void upload(MemorySegment context, long target, MemorySegment source, long bytes) {
    try {
      check(
          context,
          (int) COPY.invokeExact(upload, context, MemorySegment.ofAddress(target), source, bytes));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void download(MemorySegment context, MemorySegment target, long source, long bytes) {
    try {
      check(
          context,
          (int)
              COPY.invokeExact(download, context, target, MemorySegment.ofAddress(source), bytes));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void copy(MemorySegment context, long target, long source, long bytes) {
    try {
      check(
          context,
          (int)
              COPY.invokeExact(
                  copy,
                  context,
                  MemorySegment.ofAddress(target),
                  MemorySegment.ofAddress(source),
                  bytes));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  /** The function of an op, or null where this back end lacks it. */
  @Nullable MemorySegment lookup(MemorySegment context, OpLayout op) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      int status = (int) LOOKUP.invokeExact(lookup, context, op.id(), out);
      return status == 0 ? out.get(ADDRESS, 0) : null;
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  /** Bytes of workspace of a call; {@code out} is 8 bytes of scratch. */
  long workspace(MemorySegment context, int op, MemorySegment args, MemorySegment out) {
    try {
      check(context, (int) WORKSPACE.invokeExact(workspace, context, op, args, out));
      return out.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  void run(MemorySegment context, MemorySegment function, MemorySegment args) {
    call(function, context, args);
  }

  /**
   * As {@link #run}, while Java keeps {@code kept}, {@link #FEW} or {@link #MANY} segments, from
   * being closed.
   */
  void runKeeping(
      MemorySegment context, MemorySegment function, MemorySegment args, MemorySegment[] kept) {
    try {
      check(
          context,
          kept.length == FEW
              ? (int) KEEPING_FEW.invokeExact(runKeeping, context, function, args, kept)
              : (int) KEEPING_MANY.invokeExact(runKeeping, context, function, args, kept));
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private void check(MemorySegment context, int status) {
    if (status != 0) {
      throw new LacunaException(Status.of(status), text(lastError, context));
    }
  }

  private static RuntimeException unchecked(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      return runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new LacunaException(Status.INTERNAL, "a native call failed: " + e, e);
  }
}
