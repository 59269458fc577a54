package dev.lacuna.nn;

import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.Options;

/** A batch that has gone through a transformer, and which prompts can read. */
public interface ReadableEncoding {
  /** Number of entries. */
  int size();

  /** Outputs [b, width] of the class tokens. */
  Tensor classFeature();

  /**
   * Read-only prompts: what the transformer makes of vectors that stand behind the inputs, see all
   * of them, and are seen by none (Lee et al., RPO, ICCV 2023; Kim and Kim, MMP, ECCV 2024).
   *
   * @param prompts [b, p, width]
   * @param options which prompts prompts read, and whether what is learnt of their outputs reaches
   *     the transformer
   * @return outputs [b, p, width]
   */
  Tensor read(Tensor prompts, Options options);

  /** Some entries of the batch, by position. */
  ReadableEncoding select(int[] entries);
}
