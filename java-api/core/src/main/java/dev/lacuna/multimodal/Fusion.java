package dev.lacuna.multimodal;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * Combines the logits of the modalities that are present, example by example. DYNAMIC weighs
 * modality m by softmax over modalities of -entropy_m (MLA, Zhang et al., CVPR 2024, section 3.3,
 * per example), so a confident modality counts more; FIXED weighs by shares, equal or given,
 * renewed over what is present. A missing modality takes no part: MLA's official code feeds its
 * encoder zeros and lets it vote, which is had by presenting such logits as present.
 */
public final class Fusion {
  /** How weights are found. */
  public enum Mode {
    /** By the entropy of each modality's prediction. */
    DYNAMIC,
    /** By shares: equal ones, unless others are given. */
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
    double[] shares = new double[present.length];
    double lowest = Double.POSITIVE_INFINITY;
    for (int m = 0; m < present.length; m++) {
      if (present[m]) {
        lowest = Math.min(lowest, entropy[m]);
      }
    }
    for (int m = 0; m < present.length; m++) {
      if (present[m]) {
        shares[m] = mode == Mode.FIXED ? 1 : Math.exp(lowest - entropy[m]);
      }
    }
    return renewed(shares, present, "entropies", entropy);
  }

  /**
   * FIXED weights of the modalities of one example.
   *
   * @param shares by modality, at least 0, for example MLA's 0.35 audio, 0.25 video and 0.40 text;
   *     only their ratios count
   * @param present by modality; at least one that has a share above 0
   * @return weights that sum to 1, 0 where absent
   */
  public static double[] weights(double[] shares, boolean[] present) {
    return renewed(shares, present, "shares", shares);
  }

  /** Shares over their sum over what is present; an error says what they come from. */
  private static double[] renewed(double[] shares, boolean[] present, String name, double[] given) {
    double sum = 0;
    for (int m = 0; m < present.length && shares.length == present.length; m++) {
      if (present[m]) {
        sum += shares[m] >= 0 ? shares[m] : Double.NaN;
      }
    }
    if (!(sum > 0 && Double.isFinite(sum))) {
      throw new IllegalArgumentException(
          "no weights for "
              + name
              + " "
              + Arrays.toString(given)
              + " with presence "
              + Arrays.toString(present));
    }
    double[] weights = new double[present.length];
    for (int m = 0; m < present.length; m++) {
      weights[m] = present[m] ? shares[m] / sum : 0;
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
    return fuse(rule(mode, entropy, presence), logits, presence);
  }

  /**
   * Fused logits of many examples by given shares.
   *
   * @param shares by modality, see {@link #weights(double[], boolean[])}
   * @param logits [modality][sample][class]; rows of absent modalities may be null
   * @param presence which modality each sample has
   * @return [sample][class]
   */
  public static double[][] fuse(double[] shares, double[][][] logits, Presence presence) {
    return fuse((i, present) -> weights(shares, present), logits, presence);
  }

  /**
   * Weights of the modalities of many examples, with which {@link #fuse(Mode, double[][][],
   * double[][], Presence)} adds their logits.
   *
   * @param entropy [modality][sample] in nats
   * @param presence which modality each sample has
   * @return [modality][sample]; a sample's sum to 1, 0 where absent
   */
  public static double[][] weights(Mode mode, double[][] entropy, Presence presence) {
    return weights(rule(mode, entropy, presence), presence);
  }

  /**
   * Weights of the modalities of many examples by given shares.
   *
   * @param shares by modality, see {@link #weights(double[], boolean[])}
   * @param presence which modality each sample has
   * @return [modality][sample]; a sample's sum to 1, 0 where absent
   */
  public static double[][] weights(double[] shares, Presence presence) {
    return weights((_, present) -> weights(shares, present), presence);
  }

  /** Gives the weights of a sample. */
  private interface Rule {
    double[] weights(int sample, boolean[] present);
  }

  private static Rule rule(Mode mode, double[][] entropy, Presence presence) {
    requireSizes("entropies", entropy.length, m -> entropy[m].length, presence);
    double[] e = new double[presence.modalities()];
    return (i, present) -> {
      for (int m = 0; m < e.length; m++) {
        e[m] = present[m] ? entropy[m][i] : 0;
      }
      return weights(mode, e, present);
    };
  }

  private static boolean[] present(Presence presence, int sample) {
    boolean[] present = new boolean[presence.modalities()];
    for (int m = 0; m < present.length; m++) {
      present[m] = presence.present(sample, m);
    }
    return present;
  }

  private static double[][] weights(Rule rule, Presence presence) {
    double[][] weights = new double[presence.modalities()][presence.samples()];
    for (int i = 0; i < presence.samples(); i++) {
      double[] ofSample = rule.weights(i, present(presence, i));
      for (int m = 0; m < weights.length; m++) {
        weights[m][i] = ofSample[m];
      }
    }
    return weights;
  }

  private static double[][] fuse(Rule rule, double[][][] logits, Presence presence) {
    requireSizes("logits", logits.length, m -> logits[m].length, presence);
    int modalities = presence.modalities();
    double[][] fused = new double[presence.samples()][];
    for (int i = 0; i < fused.length; i++) {
      boolean[] present = present(presence, i);
      double[] weights = rule.weights(i, present);
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

  private static void requireSizes(
      String name, int modalities, IntUnaryOperator samples, Presence presence) {
    boolean fit = modalities == presence.modalities();
    for (int m = 0; fit && m < modalities; m++) {
      fit = samples.applyAsInt(m) == presence.samples();
    }
    if (!fit) {
      throw new IllegalArgumentException(
          name + " do not fit " + presence + ", want [modality][sample]");
    }
  }
}
