package dev.lacuna.contract;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The tensors of a case in memory, for one run on one back end. Everything that is not an element
 * of a tensor holds a NaN, and so does every output before the run. A back end that works on the
 * host's memory finds them between guard pages, a device each in memory of its own that ends where
 * the tensor does.
 */
final class Operands implements AutoCloseable {
  /** A NaN as float and as double, out of any range as an integer. */
  private static final int POISON = 0x7FFDDEAD;

  private final OpCase opCase;
  private final Context context;
  private final GuardedMemory memory;
  private final OpCall call;
  private final Arena arena = Arena.ofConfined();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /**
   * A tensor's place and everything around it, before and during the run; {@code home} is the block
   * itself or its twin on the device.
   */
  private record Tensor(
      OpField field,
      DType dtype,
      Memory home,
      MemorySegment block,
      long start,
      long rows,
      long cols,
      long stride,
      MemorySegment before) {
    long offset(long row, long col) {
      return start + (row * stride + col) * dtype.bytes();
    }

    double get(long row, long col) {
      long at = offset(row, col);
      return switch (dtype) {
        case F32 -> block.get(ValueLayout.JAVA_FLOAT, at);
        case F64 -> block.get(ValueLayout.JAVA_DOUBLE, at);
        case I32 -> block.get(ValueLayout.JAVA_INT, at);
        case U8 -> block.get(ValueLayout.JAVA_BYTE, at);
      };
    }

    void set(long row, long col, double value) {
      long at = offset(row, col);
      switch (dtype) {
        case F32 -> block.set(ValueLayout.JAVA_FLOAT, at, (float) value);
        case F64 -> block.set(ValueLayout.JAVA_DOUBLE, at, value);
        case I32 -> block.set(ValueLayout.JAVA_INT, at, (int) value);
        case U8 -> block.set(ValueLayout.JAVA_BYTE, at, (byte) value);
      }
    }

    /** The first byte that differs from before between two offsets, or -1. */
    long changed(long from, long to) {
      return MemorySegment.mismatch(block, from, to, before, from, to);
    }
  }

  /** Lays out the values of a case, for a context to run it. */
  Operands(
      OpCase opCase,
      Map<String, double[]> values,
      Context context,
      GuardedMemory memory,
      Placement placement) {
    this.opCase = opCase;
    this.context = context;
    this.memory = memory;
    call = opCase.call();
    for (int i = 0; i < opCase.op.fields().size(); i++) {
      OpField field = opCase.op.fields().get(i);
      if (field.dtype() != null && opCase.has(field.name())) {
        Tensor home = tensors.get(opCase.home(field.name()));
        Tensor tensor = home == null ? place(i, field, values, placement) : home;
        tensors.put(field.name(), tensor);
        call.tensor(i, tensor.home, tensor.start);
      }
    }
  }

  private Tensor place(int i, OpField field, Map<String, double[]> values, Placement placement) {
    DType dtype = field.dtype() == DType.F32 ? context.real() : field.dtype();
    long rows = call.rows(i);
    long cols = call.cols(i);
    long stride = call.stride(i);
    long bytes = rows == 0 || cols == 0 ? 0 : ((rows - 1) * stride + cols) * dtype.bytes();
    MemorySegment block =
        context.usesHostMemory()
            ? memory.take(bytes + dtype.bytes())
            : arena.allocate(placement.shift(dtype.bytes()) + Math.max(bytes, 1), 8);
    poison(block);
    Memory home = context.usesHostMemory() ? Memory.of(block) : context.allocate(block.byteSize());
    long start = placement.start(block.byteSize(), bytes, dtype.bytes());
    MemorySegment before = MemorySegment.ofArray(new byte[(int) block.byteSize()]);
    Tensor tensor = new Tensor(field, dtype, home, block, start, rows, cols, stride, before);
    if (opCase.reads(field)) {
      double[] dense = values.get(field.name());
      for (int k = 0; k < dense.length; k++) {
        tensor.set(k / cols, k % cols, dense[k]);
      }
    }
    before.copyFrom(block);
    if (!context.usesHostMemory()) {
      context.upload(home, 0, block, block.byteSize());
    }
    return tensor;
  }

  private static void poison(MemorySegment block) {
    long at = 0;
    for (; at + 4 <= block.byteSize(); at += 4) {
      block.set(ValueLayout.JAVA_INT, at, POISON);
    }
    block.asSlice(at).fill((byte) POISON);
  }

  /**
   * Runs the call and brings everything back, upon which a device tells what it found wrong in its
   * memory.
   */
  void run() {
    run(context::run);
  }

  /** The same through another door. */
  void run(Consumer<OpCall> door) {
    door.accept(call);
    fetch();
  }

  /** Brings back what a device has in its memory now. */
  void fetch() {
    if (!context.usesHostMemory()) {
      context.synchronize();
      for (Tensor tensor : places()) {
        context.download(tensor.block, tensor.home, 0, tensor.block.byteSize());
      }
    }
  }

  private List<Tensor> places() {
    return tensors.values().stream().distinct().toList();
  }

  /** The call; tensors can be replaced to make it a bad one. */
  OpCall call() {
    return call;
  }

  /** The dense values of every written tensor, by name. */
  Map<String, double[]> outputs() {
    Map<String, double[]> outputs = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> {
      if (opCase.op.fields().get(opCase.op.index(name)).kind().isWritten()) {
        double[] dense = new double[Math.toIntExact(tensor.rows * tensor.cols)];
        for (int k = 0; k < dense.length; k++) {
          dense[k] = tensor.get(k / tensor.cols, k % tensor.cols);
        }
        outputs.put(name, dense);
      }
    });
    return outputs;
  }

  /** What the op changed though it must not: inputs, gaps between rows, memory around a tensor. */
  List<String> damage() {
    List<String> damage = new ArrayList<>();
    tensors.forEach((name, tensor) -> {
      boolean written = writes(tensor);
      long clean = 0;
      for (long row = 0; written && row < tensor.rows && tensor.cols > 0; row++) {
        report(damage, name, tensor, clean, tensor.offset(row, 0));
        clean = tensor.offset(row, tensor.cols);
      }
      report(damage, name, tensor, clean, tensor.block.byteSize());
    });
    return damage;
  }

  /** Whether any byte at all differs from before the run. */
  List<String> changes() {
    List<String> changes = new ArrayList<>();
    tensors.forEach((name, tensor) -> report(changes, name, tensor, 0, tensor.block.byteSize()));
    return changes;
  }

  private boolean writes(Tensor tensor) {
    return tensors.entrySet().stream()
        .anyMatch(entry ->
            entry.getValue().block.equals(tensor.block)
                && opCase.op.fields().get(opCase.op.index(entry.getKey())).kind().isWritten());
  }

  private static void report(List<String> texts, String name, Tensor tensor, long from, long to) {
    long at = tensor.changed(from, to);
    if (at >= 0) {
      long byteOfTensor = from + at - tensor.start;
      texts.add(
          name + " was overwritten at byte " + byteOfTensor + ", outside what may be written");
    }
  }

  @Override
  public void close() {
    for (Tensor tensor : places()) {
      if (context.usesHostMemory()) {
        memory.free(tensor.block);
      } else {
        context.free(tensor.home);
      }
    }
    arena.close();
  }
}
