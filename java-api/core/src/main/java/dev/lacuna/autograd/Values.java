package dev.lacuna.autograd;

import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Every value on a tape, one slot each, as parallel arrays that grow and are reused. A view shares
 * the memory and the gradient of its {@link #root}.
 */
final class Values {
  static final int MAX_RANK = 4;

  /** Where a gradient stands within its slot's life. */
  static final int UNWRITTEN = 0;

  /** A leaf's gradient once written: it stays until the tape is reset. */
  static final int KEPT = -1;

  int count;
  long[] sizes = new long[256 * MAX_RANK];
  int[] rank = new int[256];
  DType[] dtype = new DType[256];
  @Nullable Memory[] memory = new @Nullable Memory[256];
  long[] offset = new long[256];
  int[] root = new int[256];
  boolean[] wantsGradient = new boolean[256];
  boolean[] leaf = new boolean[256];
  @Nullable Parameter[] parameter = new @Nullable Parameter[256];

  /** Version of the parameter's store when it was used. */
  int[] version = new int[256];

  @Nullable Memory[] gradient = new @Nullable Memory[256];
  long[] gradientOffset = new long[256];

  /** UNWRITTEN, KEPT, or the number of the backward pass that wrote the gradient. */
  int[] gradientPass = new int[256];

  /** Adds a leaf without gradient. */
  int add(DType type, Memory where, long at) {
    if (count == rank.length) {
      grow(2 * count);
    }
    int slot = count++;
    dtype[slot] = type;
    memory[slot] = where;
    offset[slot] = at;
    root[slot] = slot;
    wantsGradient[slot] = false;
    leaf[slot] = true;
    parameter[slot] = null;
    gradient[slot] = null;
    gradientPass[slot] = UNWRITTEN;
    return slot;
  }

  void shape(int slot, long... extents) {
    if (extents.length < 1 || extents.length > MAX_RANK) {
      throw new IllegalArgumentException("a tensor has 1 to 4 dimensions, got " + extents.length);
    }
    rank[slot] = extents.length;
    System.arraycopy(extents, 0, sizes, slot * MAX_RANK, extents.length);
  }

  /** Whether two slots have one gradient: views of one value, or uses of one parameter. */
  boolean shareGradient(int a, int b) {
    Parameter used = parameter[root[a]];
    return root[a] == root[b] || (used != null && used == parameter[root[b]]);
  }

  void shape(int slot, long rows, long cols) {
    rank[slot] = 2;
    sizes[slot * MAX_RANK] = rows;
    sizes[slot * MAX_RANK + 1] = cols;
  }

  void shapeLike(int slot, int other) {
    rank[slot] = rank[other];
    System.arraycopy(sizes, other * MAX_RANK, sizes, slot * MAX_RANK, MAX_RANK);
  }

  long elements(int slot) {
    long elements = 1;
    for (int axis = 0; axis < rank[slot]; axis++) {
      elements *= sizes[slot * MAX_RANK + axis];
    }
    return elements;
  }

  /** An op's gradient is computed from the values that the op saw. */
  void requireUnchangedParameters() {
    for (int slot = 0; slot < count; slot++) {
      Parameter used = parameter[slot];
      if (used != null && used.group().version() != version[slot]) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "backward(): the parameters were changed after "
                + used.name()
                + " was used; run the forward pass again");
      }
    }
  }

  private void grow(int capacity) {
    sizes = Arrays.copyOf(sizes, capacity * MAX_RANK);
    rank = Arrays.copyOf(rank, capacity);
    dtype = Arrays.copyOf(dtype, capacity);
    memory = Arrays.copyOf(memory, capacity);
    offset = Arrays.copyOf(offset, capacity);
    root = Arrays.copyOf(root, capacity);
    wantsGradient = Arrays.copyOf(wantsGradient, capacity);
    leaf = Arrays.copyOf(leaf, capacity);
    parameter = Arrays.copyOf(parameter, capacity);
    version = Arrays.copyOf(version, capacity);
    gradient = Arrays.copyOf(gradient, capacity);
    gradientOffset = Arrays.copyOf(gradientOffset, capacity);
    gradientPass = Arrays.copyOf(gradientPass, capacity);
  }
}
