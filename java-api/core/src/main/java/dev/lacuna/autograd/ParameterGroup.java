package dev.lacuna.autograd;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * Parameters that lie side by side in the store's slab, so that an optimiser moves them in one
 * native call.
 */
public final class ParameterGroup {
  /** Parameters start at multiples of 16 elements, which is 64 bytes of float. */
  private static final long ALIGNMENT = 16;

  private static final double MAX_COUNT = 1 << 30;

  private final ParameterStore store;
  private final String name;
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<Parameter> view = Collections.unmodifiableList(parameters);
  private long size;
  private long start;
  private boolean frozen;
  private volatile int version;

  ParameterGroup(ParameterStore store, String name) {
    this.store = store;
    this.name = name;
  }

  /** Declares a parameter; {@code initial} gives element i. Only before the store's first use. */
  public Parameter add(String parameter, IntToDoubleFunction initial, long... shape) {
    store.requireOpenForDeclarations(name + "." + parameter);
    double elements = Arrays.stream(shape).mapToDouble(extent -> extent).reduce(1, (a, b) -> a * b);
    if (Arrays.stream(shape).anyMatch(extent -> extent < 1) || elements > MAX_COUNT) {
      throw new IllegalArgumentException(
          name
              + "."
              + parameter
              + " has shape "
              + Arrays.toString(shape)
              + ", want extents >= 1 and at most 2^30 elements");
    }
    int count = (int) elements;
    double[] values = new double[count];
    Arrays.setAll(values, initial);
    Parameter added = new Parameter(this, parameter, size, values, shape.clone());
    for (Parameter other : store.parameters()) {
      if (other.name().equals(added.name())) {
        throw new IllegalArgumentException("there is a parameter " + added.name() + " already");
      }
    }
    parameters.add(added);
    size += (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return added;
  }

  /** Name, for example {@code image}. */
  public String name() {
    return name;
  }

  /** The store. */
  public ParameterStore store() {
    return store;
  }

  /** The parameters in order. */
  public List<Parameter> parameters() {
    return view;
  }

  /**
   * Makes constants of the group's parameters: what uses them from now on asks for no gradient of
   * theirs, and no time is spent on one. As requires_grad_(false) in PyTorch.
   */
  public void freeze() {
    frozen = true;
    zeroGrad();
  }

  /** Whether the group is frozen. */
  public boolean isFrozen() {
    return frozen;
  }

  /**
   * SHA-256 of all values in order, as floats, in hexadecimal: by it one sees that what is frozen
   * has not changed, and that a model rests on the weights that it was trained with.
   */
  public String sha256() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    for (Parameter parameter : parameters) {
      double[] values = parameter.get();
      ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
      for (double value : values) {
        bytes.putFloat((float) value);
      }
      digest.update(bytes.flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Forgets the gradients of the group. */
  public void zeroGrad() {
    for (int i = 0; i < parameters.size(); i++) {
      parameters.get(i).zeroGrad();
    }
  }

  /** Counts changes of values, so that a tape can tell that what it recorded is out of date. */
  int version() {
    return version;
  }

  /** Called by whoever changes values. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // the holder of the write lease alone changes values
  public void markChanged() {
    version++;
  }

  /** Elements that the group spans, padding included. */
  public long size() {
    return size;
  }

  /** First element of the group within the slab. */
  public long start() {
    store.values();
    return start;
  }

  long placed() {
    return start;
  }

  void place(long element) {
    start = element;
  }
}
