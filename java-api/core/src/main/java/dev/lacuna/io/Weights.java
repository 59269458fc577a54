package dev.lacuna.io;

import java.util.Set;

/** Pretrained numbers, by the names that their own project gives them. */
public interface Weights {
  /** Names of all tensors. */
  Set<String> names();

  /**
   * Extents of a tensor.
   *
   * @throws RuntimeException naming a tensor that is missing
   */
  long[] shape(String name);

  /**
   * The numbers of a tensor that must be there with that shape, row-major.
   *
   * @throws RuntimeException naming a tensor that is missing or of another shape
   */
  float[] require(String name, long... shape);
}
