package dev.lacuna.autograd;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A define-by-run record of one step: values live in bump-allocated memory of the context, ops in
 * flat arrays. {@link #reset()} starts the next step in the same memory and makes all earlier
 * tensors stale.
 *
 * <p>Gradients of intermediate tensors belong to one {@link #backward} call. Those of parameters
 * and of inputs that require them accumulate, as in PyTorch: parameters until {@link
 * ParameterStore#zeroGrad()}, inputs until reset.
 */
public final class Tape implements AutoCloseable {
  private final Context context;
  private final Slab slab;
  private final MemorySegment one;
  private final Values values = new Values();
  private final Node nodes = new Node(this, values);
  private int generation = 1;
  private int pass;
  private boolean recording = true;
  private boolean parametersLearn = true;

  /** An empty tape on a context. */
  public Tape(Context context) {
    this.context = context;
    slab = new Slab(context);
    one =
        context.real() == DType.F64
            ? MemorySegment.ofArray(new double[] {1})
            : MemorySegment.ofArray(new float[] {1});
  }

  /** The context that ops run on. */
  public Context context() {
    return context;
  }

  // Making values.

  /** A copy of real numbers as a tensor. */
  public Tensor input(float[] data, long... shape) {
    Tensor tensor = empty(DType.F32, shape);
    requireCount(data.length, tensor);
    context.write(memory(tensor.slot()), values.offset[tensor.slot()], data, 0, data.length);
    return tensor;
  }

  /** A copy of double-precision numbers, rounded unless the back end keeps them. */
  public Tensor input(double[] data, long... shape) {
    Tensor tensor = empty(DType.F32, shape);
    requireCount(data.length, tensor);
    context.write(memory(tensor.slot()), values.offset[tensor.slot()], data);
    return tensor;
  }

  /** A copy of integers (labels, indices) as a tensor. */
  public Tensor input(int[] data, long... shape) {
    Tensor tensor = empty(DType.I32, shape);
    requireCount(data.length, tensor);
    context.write(memory(tensor.slot()), values.offset[tensor.slot()], data);
    return tensor;
  }

  /** A copy of bytes (masks of 0 and 1) as a tensor. */
  public Tensor input(byte[] data, long... shape) {
    Tensor tensor = empty(DType.U8, shape);
    requireCount(data.length, tensor);
    context.upload(
        memory(tensor.slot()),
        values.offset[tensor.slot()],
        MemorySegment.ofArray(data),
        data.length);
    return tensor;
  }

  /**
   * Real numbers that lie in the context's device memory already, used in place: the caller keeps
   * them alive and unchanged till {@link #reset()}.
   *
   * @param where memory of the context
   * @param at byte of it where the first number stands
   */
  public Tensor borrow(Memory where, long at, long... shape) {
    int slot = values.add(DType.F32, where, at);
    values.shape(slot, shape);
    Tensor tensor = new Tensor(this, slot, generation);
    long bytes = Math.multiplyExact(tensor.count(), bytes(DType.F32));
    if (Arrays.stream(shape).anyMatch(extent -> extent < 0)
        || at < 0
        || bytes > where.bytes() - at) {
      throw new IllegalArgumentException(
          "a tensor "
              + Arrays.toString(shape)
              + " at byte "
              + at
              + " does not fit in "
              + where.bytes()
              + " bytes");
    }
    return tensor;
  }

  /** A parameter's current value. */
  public Tensor use(Parameter parameter) {
    int slot = values.add(DType.F32, parameter.store().values(), parameter.offset(context.real()));
    values.shape(slot, parameter.extents());
    values.parameter[slot] = parameter;
    values.version[slot] = parameter.group().version();
    if (parametersLearn && !parameter.group().isFrozen()) {
      values.wantsGradient[slot] = true;
      values.gradient[slot] = parameter.store().gradients();
      values.gradientOffset[slot] = values.offset[slot];
    }
    parameter.store().requireDevice(context);
    return new Tensor(this, slot, generation);
  }

  /** An op's output of real numbers, not yet computed. */
  public Tensor output(long... shape) {
    return empty(DType.F32, shape);
  }

  /** An op's output of two dimensions: what most ops have, without an array for its shape. */
  public Tensor output(long rows, long cols) {
    if (rows < 0 || cols < 0) {
      throw new IllegalArgumentException(
          "shape [" + rows + ", " + cols + "] has a negative extent");
    }
    Tensor tensor = allocate(DType.F32, Math.multiplyExact(rows, cols));
    values.shape(tensor.slot(), rows, cols);
    return tensor;
  }

  /** An op's output with the shape of another tensor. */
  public Tensor outputLike(Tensor other) {
    int like = slot(other);
    Tensor tensor = allocate(DType.F32, values.elements(like));
    values.shapeLike(tensor.slot(), like);
    return tensor;
  }

  /** An op's output of integers, not yet computed. */
  public Tensor outputInts(long... shape) {
    return empty(DType.I32, shape);
  }

  private Tensor empty(DType dtype, long... shape) {
    long count = 1;
    for (long extent : shape) {
      if (extent < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(shape) + " has a negative extent");
      }
      count = Math.multiplyExact(count, extent);
    }
    Tensor tensor = allocate(dtype, count);
    values.shape(tensor.slot(), shape);
    return tensor;
  }

  private Tensor allocate(DType dtype, long count) {
    slab.take(Math.multiplyExact(count, bytes(dtype)));
    return new Tensor(this, values.add(dtype, slab.memory(), slab.offset()), generation);
  }

  int bytes(DType dtype) {
    return (dtype == DType.F32 ? context.real() : dtype).bytes();
  }

  private static void requireCount(int length, Tensor tensor) {
    if (length != tensor.count()) {
      throw new IllegalArgumentException(
          length + " numbers do not fill a tensor " + Arrays.toString(tensor.shape()));
    }
  }

  Tensor view(Tensor of, long... shape) {
    int source = slot(of);
    int slot = values.add(values.dtype[source], memory(source), values.offset[source]);
    values.shape(slot, shape);
    values.root[slot] = values.root[source];
    if (Arrays.stream(shape).anyMatch(extent -> extent < 0)
        || values.elements(slot) != values.elements(source)) {
      throw new IllegalArgumentException(
          "a tensor "
              + Arrays.toString(of.shape())
              + " cannot be seen as "
              + Arrays.toString(shape));
    }
    return new Tensor(this, slot, generation);
  }

  Tensor detach(Tensor of) {
    int source = slot(of);
    int slot = values.add(values.dtype[source], memory(source), values.offset[source]);
    values.shape(slot, of.shape());
    return new Tensor(this, slot, generation);
  }

  // Running and recording ops.

  /** A cleared call of an op. */
  public OpCall call(OpLayout op) {
    return context.call(op);
  }

  /** Binds a tensor to a field of a call. */
  public void bind(OpCall call, int field, Tensor tensor) {
    bind(call, field, tensor, 0);
  }

  /** Binds what begins at element {@code first} of a tensor, such as some of its columns. */
  public void bind(OpCall call, int field, Tensor tensor, long first) {
    int slot = slot(tensor);
    OpField argument = call.op().fields().get(field);
    if (argument.dtype() != values.dtype[slot]) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          call.op()
              + ": "
              + argument.name()
              + " is a tensor of "
              + values.dtype[slot]
              + ", want "
              + argument.dtype());
    }
    call.tensor(
        field, values.memory[slot], values.offset[slot] + first * bytes(values.dtype[slot]));
  }

  /** Starts the record of an op that has run; finish it with {@link Node#end()}. */
  public Node record(Differentiable gradientRule) {
    nodes.begin(gradientRule);
    return nodes;
  }

  /** Runs {@code work} without recording: nothing computed in it has a gradient. */
  public void withoutGradients(Runnable work) {
    boolean before = recording;
    recording = false;
    try {
      work.run();
    } finally {
      recording = before;
    }
  }

  /**
   * Computes something through parameters that are constants there: gradients pass through to what
   * the work is given, and parameters that it uses get none from it.
   */
  public <T> T withConstantParameters(Supplier<T> work) {
    boolean before = parametersLearn;
    parametersLearn = false;
    try {
      return work.get();
    } finally {
      parametersLearn = before;
    }
  }

  /** Whether an op that works on a tensor now will be asked for the tensor's gradient. */
  public boolean wantsGradient(Tensor tensor) {
    return recording && values.wantsGradient[values.root[slot(tensor)]];
  }

  boolean isRecording() {
    return recording;
  }

  // Gradients.

  void requireGradient(Tensor tensor) {
    int slot = slot(tensor);
    if (!values.leaf[values.root[slot]] || values.dtype[slot] != DType.F32) {
      throw new IllegalArgumentException(
          "only an input of real numbers can be made to require its gradient");
    }
    values.wantsGradient[values.root[slot]] = true;
  }

  /** Whether a gradient has been written for a root slot, and counts in this pass. */
  boolean hasGradient(int root) {
    Parameter parameter = values.parameter[root];
    return parameter != null
        ? parameter.hasGradient()
        : values.gradientPass[root] == pass || values.gradientPass[root] == Values.KEPT;
  }

  /**
   * Makes room for a root slot's gradient and marks it written; true if it held something before.
   */
  boolean prepareGradient(int root) {
    boolean held = hasGradient(root);
    Parameter parameter = values.parameter[root];
    if (parameter != null) {
      parameter.markGradient(context);
      return held;
    }
    if (values.gradient[root] == null) {
      slab.take(values.elements(root) * bytes(DType.F32));
      values.gradient[root] = slab.memory();
      values.gradientOffset[root] = slab.offset();
    }
    values.gradientPass[root] = values.leaf[root] ? Values.KEPT : pass;
    return held;
  }

  /** Back-propagates from a scalar with gradient 1. */
  public void backward(Tensor loss) {
    int slot = slot(loss);
    if (values.elements(slot) != 1) {
      throw new IllegalArgumentException("backward() starts at a scalar, not at " + loss);
    }
    int root = values.root[slot];
    if (!values.wantsGradient[root]) {
      throw new IllegalArgumentException(
          "backward(): nothing that this value depends on wants a gradient");
    }
    values.requireUnchangedParameters();
    pass++;
    if (prepareGradient(root)) {
      double held = readGradient(slot)[0];
      context.write(gradient(root), values.gradientOffset[root], new double[] {held + 1});
    } else {
      context.upload(gradient(root), values.gradientOffset[root], one, one.byteSize());
    }
    for (int node = nodes.count() - 1; node >= 0; node--) {
      nodes.backward(node);
    }
  }

  /** Starts the next step: memory is reused, all tensors of this tape become stale. */
  public void reset() {
    generation++;
    pass = 0;
    values.count = 0;
    nodes.clear();
    slab.rewind();
  }

  /** Bytes of device memory that the tape holds. */
  public long capacity() {
    return slab.capacity();
  }

  /** Frees the tape's memory; used again, the tape starts anew. */
  @Override
  public void close() {
    reset();
    slab.free();
  }

  // Reading values.

  boolean isLive(Tensor tensor) {
    return tensor.generation() == generation;
  }

  /** The slot of a live tensor of this tape; anything else is an error. */
  int slot(Tensor tensor) {
    if (tensor.tape() != this) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "a tensor of another tape or context; copy it over with toArray() and input()");
    }
    if (!isLive(tensor)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "a stale tensor: its tape was reset since; read it before reset()");
    }
    return tensor.slot();
  }

  int rank(int slot) {
    return values.rank[slot];
  }

  long size(int slot, int axis) {
    if (axis < 0 || axis >= values.rank[slot]) {
      throw new IllegalArgumentException(
          "axis is " + axis + " of a tensor of rank " + values.rank[slot]);
    }
    return values.sizes[slot * Values.MAX_RANK + axis];
  }

  long[] shape(int slot) {
    int from = slot * Values.MAX_RANK;
    return Arrays.copyOfRange(values.sizes, from, from + values.rank[slot]);
  }

  long count(int slot) {
    return values.elements(slot);
  }

  Memory memory(int slot) {
    return Objects.requireNonNull(values.memory[slot]);
  }

  long offset(int slot) {
    return values.offset[slot];
  }

  double[] readValue(int slot) {
    if (values.dtype[slot] == DType.U8) {
      throw new IllegalArgumentException("this tensor holds a mask, not real numbers");
    }
    if (values.dtype[slot] == DType.I32) {
      throw new IllegalArgumentException("this tensor holds integers: toIntArray() reads it");
    }
    return context.read(memory(slot), values.offset[slot], Math.toIntExact(count(slot)));
  }

  int[] readInts(int slot) {
    if (values.dtype[slot] != DType.I32) {
      throw new IllegalArgumentException("this tensor holds real numbers: toArray() reads it");
    }
    int[] ints = new int[Math.toIntExact(count(slot))];
    context.download(
        MemorySegment.ofArray(ints), memory(slot), values.offset[slot], 4L * ints.length);
    return ints;
  }

  private Memory gradient(int root) {
    return Objects.requireNonNull(values.gradient[root]);
  }

  double[] readGradient(int slot) {
    int root = values.root[slot];
    if (values.gradient[root] == null || !hasGradient(root)) {
      throw new IllegalArgumentException(
          "this tensor has no gradient: backward() has not reached it");
    }
    return context.read(
        Objects.requireNonNull(values.gradient[root]),
        values.gradientOffset[root],
        Math.toIntExact(count(slot)));
  }
}
