package dev.lacuna.multimodal;

import java.util.Arrays;

/**
 * Combines the logits of the modalities that are present, example by example. DYNAMIC weighs
 * modality m by softmax over modalities of -entropy_m (MLA, Zhang et al., CVPR 2024, section 3.3,
 * per example), so a confident modality counts more; FIXED weighs by given shares, renewed over
 * what is present. A missing modality takes no part.
 */
public final class Fusion {
  /** How weights are found. */
  public enum Mode {
    /** By the entropy of each modality's prediction. */
    DYNAMIC,
    /** Equal shares. */
    FIXED
  }

  private Fusion() {}

  /**
   * Weights of the modalities of one example.
   *
   * @param entropy in nats, by modality; read where the modality is present
   * @param present by modality; at least one
   * @return weights that sum to 1, 0 where absent
   */
  public static double[] weights(Mode mode, double[] entropy, boolean[] present) {
    double lowest = Double.POSITIVE_INFINITY;
    for (int m = 0; m < present.length; m++) {
      if (present[m]) {
        lowest = Math.min(lowest, entropy[m]);
      }
    }
    double[] weights = new double[present.length];
    double sum = 0;
    for (int m = 0; m < present.length; m++) {
      if (present[m]) {
        weights[m] = mode == Mode.FIXED ? 1 : Math.exp(lowest - entropy[m]);
        sum += weights[m];
      }
    }
    if (!(sum > 0)) {
      throw new IllegalArgumentException(
          "no weights for entropies "
              + Arrays.toString(entropy)
              + " with presence "
              + Arrays.toString(present));
    }
    for (int m = 0; m < weights.length; m++) {
      weights[m] /= sum;
    }
    return weights;
  }

  /**
   * Fused logits of many examples. Each example is treated alone, so a result does not depend on
   * what else is in the batch.
   *
   * @param logits [modality][sample][class]; rows of absent modalities may be null
   * @param entropy [modality][sample] in nats
   * @param presence which modality each sample has
   * @return [sample][class]
   */
  public static double[][] fuse(
      Mode mode, double[][][] logits, double[][] entropy, Presence presence) {
    int modalities = presence.modalities();
    requireSizes(logits, entropy, presence);
    double[][] fused = new double[presence.samples()][];
    double[] e = new double[modalities];
    boolean[] present = new boolean[modalities];
    for (int i = 0; i < fused.length; i++) {
      for (int m = 0; m < modalities; m++) {
        present[m] = presence.present(i, m);
        e[m] = present[m] ? entropy[m][i] : 0;
      }
      double[] weights = weights(mode, e, present);
      for (int m = 0; m < modalities; m++) {
        if (present[m]) {
          fused[i] = fused[i] == null ? new double[logits[m][i].length] : fused[i];
          if (logits[m][i].length != fused[i].length) {
            throw new IllegalArgumentException(
                "modality "
                    + m
                    + " has "
                    + logits[m][i].length
                    + " classes for sample "
                    + i
                    + ", want "
                    + fused[i].length
                    + " as the others");
          }
          for (int c = 0; c < fused[i].length; c++) {
            fused[i][c] += weights[m] * logits[m][i][c];
          }
        }
      }
    }
    return fused;
  }

  private static void requireSizes(double[][][] logits, double[][] entropy, Presence presence) {
    boolean fit = logits.length == presence.modalities() && entropy.length == presence.modalities();
    for (int m = 0; fit && m < logits.length; m++) {
      fit = logits[m].length == presence.samples() && entropy[m].length == presence.samples();
    }
    if (!fit) {
      throw new IllegalArgumentException(
          "logits and entropies do not fit " + presence + ", want [modality][sample]");
    }
  }
}
