package dev.lacuna.nn;

import dev.lacuna.io.Weights;
import java.util.Arrays;

/** What the names and shapes of pretrained tensors say of the model that they belong to. */
final class Layout {
  private Layout() {}

  /**
   * Extents of a tensor that must have as many as are wanted, none of them 0.
   *
   * @param wanted what each is, for the message
   * @throws IllegalArgumentException naming the tensor and its shape
   */
  static int[] extents(Weights weights, String name, String... wanted) {
    long[] shape = weights.shape(name);
    boolean sizes = Arrays.stream(shape).allMatch(extent -> extent > 0 && extent == (int) extent);
    if (shape.length != wanted.length || !sizes) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " is "
              + Arrays.toString(shape)
              + ", want "
              + Arrays.toString(wanted)
              + ", each >= 1");
    }
    return Arrays.stream(shape).mapToInt(extent -> (int) extent).toArray();
  }
}
