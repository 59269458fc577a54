package dev.lacuna.autograd;

import dev.lacuna.spi.Memory;
import java.util.Arrays;

/**
 * A handle to a value on a tape: row-major, dense, at most four dimensions. It is valid until the
 * tape's next {@link Tape#reset()}; using it later is an error.
 */
public final class Tensor {
  private final Tape tape;
  private final int slot;
  private final int generation;

  Tensor(Tape tape, int slot, int generation) {
    this.tape = tape;
    this.slot = slot;
    this.generation = generation;
  }

  /** The tape that holds the value. */
  public Tape tape() {
    return tape;
  }

  int slot() {
    return slot;
  }

  int generation() {
    return generation;
  }

  /** Number of dimensions, 1 to 4. */
  public int rank() {
    return tape.rank(tape.slot(this));
  }

  /** Extent of one dimension. */
  public long size(int axis) {
    return tape.size(tape.slot(this), axis);
  }

  /** Extents of all dimensions. */
  public long[] shape() {
    return tape.shape(tape.slot(this));
  }

  /** Number of elements. */
  public long count() {
    return tape.count(tape.slot(this));
  }

  /** Extent of the last dimension. */
  public long cols() {
    return size(rank() - 1);
  }

  /** Product of all extents but the last. */
  public long rows() {
    long rows = 1;
    for (int axis = rank() - 2; axis >= 0; axis--) {
      rows *= size(axis);
    }
    return rows;
  }

  /** The device memory that holds the value, for ops that are not recorded. */
  public Memory memory() {
    return tape.memory(tape.slot(this));
  }

  /** Where the value starts within {@link #memory()}, in bytes. */
  public long offset() {
    return tape.offset(tape.slot(this));
  }

  /** Copies the values to the host. */
  public float[] toArray() {
    return narrow(toDoubleArray());
  }

  /** Copies the values to the host in double precision. */
  public double[] toDoubleArray() {
    return tape.readValue(tape.slot(this));
  }

  /** Copies integer values to the host. */
  public int[] toIntArray() {
    return tape.readInts(tape.slot(this));
  }

  /** The only element. */
  public float item() {
    if (count() != 1) {
      throw new IllegalArgumentException("item() of a tensor " + Arrays.toString(shape()));
    }
    return toArray()[0];
  }

  /** Copies the gradient to the host; an error where backward has not reached this tensor. */
  public float[] grad() {
    return narrow(gradAsDoubles());
  }

  /** Copies the gradient to the host in double precision. */
  public double[] gradAsDoubles() {
    return tape.readGradient(tape.slot(this));
  }

  /** The same value under another shape of equal size; gradients are shared. */
  public Tensor reshape(long... shape) {
    return tape.view(this, shape);
  }

  /** The same value as [size(0), everything else]. */
  public Tensor flatten() {
    long rest = 1;
    for (int axis = 1; axis < rank(); axis++) {
      rest *= size(axis);
    }
    return reshape(size(0), rest);
  }

  /** The same value without history: gradients stop here. */
  public Tensor detach() {
    return tape.detach(this);
  }

  /** Asks for the gradient of an input. */
  public Tensor requiresGrad() {
    tape.requireGradient(this);
    return this;
  }

  /**
   * Back-propagates from this scalar: parameters and inputs that require it receive their
   * gradients.
   */
  public void backward() {
    tape.backward(this);
  }

  private static float[] narrow(double[] wide) {
    float[] narrow = new float[wide.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) wide[i];
    }
    return narrow;
  }

  @Override
  public String toString() {
    return tape.isLive(this) ? "Tensor" + Arrays.toString(shape()) : "Tensor(stale)";
  }
}
