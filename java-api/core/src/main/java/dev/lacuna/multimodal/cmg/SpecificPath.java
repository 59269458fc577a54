package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Tensor;

/**
 * What a modality has for itself: an encoder of what the codes need not say, such as a voice or a
 * handwriting, and a decoder that makes a step again of code and specific features.
 */
public interface SpecificPath {
  /**
   * Specific features of steps.
   *
   * @param map what the decoder takes, of any shape [n, ...]
   * @param feature what must share no information with the codes, [n, {@link #features}]
   */
  record Specific(Tensor map, Tensor feature) {}

  /** Features of steps [n, ...]. */
  Specific encode(Tensor x);

  /**
   * Steps from codes and specific features.
   *
   * @param codes [n, width]
   * @param map as {@link #encode} gives it
   * @return [n, numbers of a step]
   */
  Tensor decode(Tensor codes, Tensor map);

  /** Numbers in a specific feature. */
  int features();

  /** Shape of the map of one step. */
  long[] mapShape();
}
