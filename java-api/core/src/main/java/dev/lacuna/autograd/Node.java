package dev.lacuna.autograd;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayout;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The recorded ops of a tape, and a cursor on one of them. While an op runs forward it records
 * itself with {@link #input}, {@link #output} and {@link #attribute}; in the backward pass the
 * cursor gives the same things back.
 */
public final class Node {
  private static final int ABSENT = -1;
  private final Tape tape;
  private final Values values;

  private int count;
  private Differentiable[] op = new Differentiable[128];
  private int[] firstOperand = new int[129];
  private int[] inputs = new int[128];
  private int[] firstAttribute = new int[129];
  private int[] operands = new int[512];
  private long[] attributes = new long[512];

  private int operandCount;
  private int attributeCount;
  private int at;
  private int turn;

  Node(Tape tape, Values values) {
    this.tape = tape;
    this.values = values;
  }

  // Recording.

  void begin(Differentiable gradientRule) {
    if (count == op.length) {
      op = Arrays.copyOf(op, 2 * count);
      inputs = Arrays.copyOf(inputs, 2 * count);
      firstOperand = Arrays.copyOf(firstOperand, 2 * count + 1);
      firstAttribute = Arrays.copyOf(firstAttribute, 2 * count + 1);
    }
    op[count] = gradientRule;
    operandCount = firstOperand[count];
    attributeCount = firstAttribute[count];
    inputs[count] = 0;
  }

  /** Adds an input; null is an absent optional one. */
  public Node input(@Nullable Tensor tensor) {
    push(tensor == null ? ABSENT : tape.slot(tensor));
    inputs[count]++;
    return this;
  }

  /** Adds an output. */
  public Node output(Tensor tensor) {
    push(tape.slot(tensor));
    return this;
  }

  /** Keeps a number for the backward pass. */
  public Node keep(long value) {
    if (attributeCount == attributes.length) {
      attributes = Arrays.copyOf(attributes, 2 * attributeCount);
    }
    attributes[attributeCount++] = value;
    return this;
  }

  /** Ends the record; it is kept only if gradients are recorded and an input wants one. */
  public void end() {
    boolean wanted = false;
    for (int i = 0; i < inputs[count]; i++) {
      int slot = operands[firstOperand[count] + i];
      wanted |= slot != ABSENT && values.wantsGradient[values.root[slot]];
    }
    if (!wanted || !tape.isRecording()) {
      return;
    }
    for (int i = firstOperand[count] + inputs[count]; i < operandCount; i++) {
      int root = values.root[operands[i]];
      values.wantsGradient[root] = values.dtype[root] != DType.I32;
      values.leaf[root] = false;
    }
    count++;
    firstOperand[count] = operandCount;
    firstAttribute[count] = attributeCount;
  }

  private void push(int slot) {
    if (operandCount == operands.length) {
      operands = Arrays.copyOf(operands, 2 * operandCount);
    }
    operands[operandCount++] = slot;
  }

  int count() {
    return count;
  }

  void clear() {
    count = 0;
  }

  // Playing back.

  /**
   * Runs the gradient rule of recorded op {@code index} if a gradient has reached one of its
   * outputs.
   */
  void backward(int index) {
    at = index;
    boolean reached = false;
    for (int i = firstOperand[index] + inputs[index]; i < firstOperand[index + 1]; i++) {
      reached |= tape.hasGradient(values.root[operands[i]]);
    }
    if (!reached) {
      return;
    }
    // An op writes each gradient once, so inputs that share one take turns.
    int turns = 1;
    for (int i = 0; i < inputs[index]; i++) {
      turns = Math.max(turns, 1 + earlierWithGradientOf(i));
    }
    for (turn = 0; turn < turns; turn++) {
      op[index].backward(this);
    }
  }

  /** How many inputs before {@code i} have the very gradient of input {@code i}. */
  private int earlierWithGradientOf(int i) {
    int earlier = 0;
    for (int j = 0; j < i && has(i); j++) {
      earlier += has(j) && values.shareGradient(input(i), input(j)) ? 1 : 0;
    }
    return earlier;
  }

  private int input(int i) {
    return operands[firstOperand[at] + i];
  }

  private int output(int i) {
    return operands[firstOperand[at] + inputs[at] + i];
  }

  /** The tape. */
  public Tape tape() {
    return tape;
  }

  /** The tape's context. */
  public Context context() {
    return tape.context();
  }

  /** A cleared call of an op. */
  public OpCall call(OpLayout layout) {
    return tape.context().call(layout);
  }

  /** Number {@code i} that the forward pass kept. */
  public long attribute(int i) {
    return attributes[firstAttribute[at] + i];
  }

  /** Whether optional input {@code i} was given. */
  public boolean has(int i) {
    return input(i) != ABSENT;
  }

  /** Whether input {@code i} wants its gradient now. */
  public boolean wants(int i) {
    return has(i)
        && values.wantsGradient[values.root[input(i)]]
        && earlierWithGradientOf(i) == turn;
  }

  /** Extent of dimension {@code axis} of input {@code i}. */
  public long size(int i, int axis) {
    return tape.size(input(i), axis);
  }

  /** Product of all extents of input {@code i} but the last. */
  public long rows(int i) {
    long rows = has(i) ? 1 : 0;
    for (int axis = 0; has(i) && axis < tape.rank(input(i)) - 1; axis++) {
      rows *= tape.size(input(i), axis);
    }
    return rows;
  }

  /** Last extent of input {@code i}. */
  public long cols(int i) {
    return has(i) ? tape.size(input(i), tape.rank(input(i)) - 1) : 0;
  }

  /** Extent of dimension {@code axis} of output {@code i}. */
  public long outputSize(int i, int axis) {
    return tape.size(output(i), axis);
  }

  /** Binds input {@code i} to a field. */
  public void bindInput(OpCall call, int field, int i) {
    if (has(i)) {
      bind(call, field, input(i));
    }
  }

  /** Binds output {@code i} to a field. */
  public void bindOutput(OpCall call, int field, int i) {
    bind(call, field, output(i));
  }

  private void bind(OpCall call, int field, int slot) {
    call.tensor(field, values.memory[slot], values.offset[slot]);
  }

  /** Whether a gradient has reached output {@code i}. */
  public boolean hasOutputGradient(int i) {
    return tape.hasGradient(values.root[output(i)]);
  }

  /** Binds the gradient of output {@code i} to a field. */
  public void bindOutputGradient(OpCall call, int field, int i) {
    bindOutputGradient(call, field, i, 0);
  }

  /** Binds what begins at element {@code first} of the gradient of output {@code i}. */
  public void bindOutputGradient(OpCall call, int field, int i, long first) {
    int root = values.root[output(i)];
    long offset = values.gradientOffset[root] + first * tape.bytes(DType.F32);
    call.tensor(field, Objects.requireNonNull(values.gradient[root]), offset);
  }

  /**
   * Binds the gradient of input {@code i} to a field and says in {@code accumulate} whether it
   * holds something already; an unwanted gradient stays out.
   */
  public void bindInputGradient(OpCall call, int field, int accumulate, int i) {
    if (!wants(i)) {
      return;
    }
    int root = values.root[input(i)];
    call.set(accumulate, tape.prepareGradient(root) ? 1 : 0);
    Memory memory = Objects.requireNonNull(values.gradient[root]);
    call.tensor(field, memory, values.gradientOffset[root]);
  }

  /** Runs a gradient op. */
  public void run(OpCall call) {
    tape.context().run(call);
  }
}
