package dev.lacuna.autograd;

import dev.lacuna.Context;
import dev.lacuna.DType;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A trainable tensor: a named piece of its {@link ParameterStore}'s slab. */
public final class Parameter {
  private final ParameterGroup group;
  private final String name;
  private final long[] shape;
  private final long start;
  private final int count;
  private double @Nullable [] initial;
  private boolean hasGradient;

  Parameter(ParameterGroup group, String name, long start, double[] initial, long[] shape) {
    this.group = group;
    this.name = name;
    this.start = start;
    this.initial = initial;
    count = initial.length;
    this.shape = shape;
  }

  /** Group and name, {@code image.conv1.weight}: the key in files. */
  public String name() {
    return group.name() + "." + name;
  }

  /** Extents. */
  public long[] shape() {
    return shape.clone();
  }

  /** The extents themselves, not a copy. */
  long[] extents() {
    return shape;
  }

  /** Number of elements. */
  public int count() {
    return count;
  }

  /** The group that the parameter belongs to. */
  public ParameterGroup group() {
    return group;
  }

  /** The store that holds value and gradient. */
  public ParameterStore store() {
    return group.store();
  }

  /** First element within the group's part of the slab. */
  public long start() {
    return start;
  }

  /**
   * Where the value lies in {@link ParameterStore#values()}, and the gradient in {@code
   * gradients()}, in bytes.
   */
  public long offset(DType real) {
    return (group.start() + start) * real.bytes();
  }

  /** The initial value, once: a large model's is not kept beside what the device holds. */
  double[] takeInitial() {
    double[] taken = Objects.requireNonNull(initial);
    initial = null;
    return taken;
  }

  /** Whether a backward pass has written the gradient since the last {@code zeroGrad()}. */
  public boolean hasGradient() {
    return hasGradient;
  }

  /**
   * Marks the gradient as written by a context, which must hold the store's write lease or be the
   * first to ask for it.
   */
  public void markGradient(Context context) {
    store().lease(context);
    hasGradient = true;
  }

  /** Forgets the gradient: the next one overwrites it. */
  public void zeroGrad() {
    hasGradient = false;
  }

  /** Copies the value to the host. */
  public double[] get() {
    return store().read(store().values(), this);
  }

  /** Overwrites the value. */
  public void set(double[] value) {
    if (value.length != count()) {
      throw new IllegalArgumentException(
          name()
              + " "
              + Arrays.toString(shape)
              + " cannot be set from "
              + value.length
              + " numbers");
    }
    store().write(this, value);
  }

  /** Copies the gradient to the host; an error where there is none. */
  public double[] grad() {
    if (!hasGradient) {
      throw new IllegalArgumentException(name() + " has no gradient");
    }
    return store().read(store().gradients(), this);
  }

  @Override
  public String toString() {
    return name() + Arrays.toString(shape);
  }
}
