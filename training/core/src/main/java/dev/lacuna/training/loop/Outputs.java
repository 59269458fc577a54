package dev.lacuna.training.loop;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.metrics.Accuracy;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a learner says of the samples of a split, whatever of them is missing. */
public interface Outputs {
  /** The samples. */
  Split split();

  /**
   * Scores [sample][class], the higher the likelier, where only what {@code presence} says is
   * there.
   */
  double[][] logits(Presence presence);

  /** Probabilities [sample][class]: the softmax of the scores. */
  default double[][] probabilities(Presence presence) {
    return Arrays.stream(logits(presence)).map(Outputs::softmax).toArray(double[][]::new);
  }

  private static double[] softmax(double[] logits) {
    double most = Arrays.stream(logits).max().orElseThrow();
    double[] shares = Arrays.stream(logits).map(logit -> Math.exp(logit - most)).toArray();
    double sum = Arrays.stream(shares).sum();
    return Arrays.stream(shares).map(share -> share / sum).toArray();
  }

  /** Whether each sample's class has the highest score. */
  default boolean[] right(Presence presence) {
    return Accuracy.right(logits(presence), split().labels());
  }

  /**
   * What each modality contributes to the scores.
   *
   * @param entropy [modality][sample] of the modality's own prediction, in nats
   * @param weight [modality][sample] of that prediction; those of a sample sum to 1
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
  record Contributions(double[][] entropy, double[][] weight) {}

  /**
   * What each modality contributes where only what {@code presence} says is there, to be read there
   * alone; null where the scores are not a weighted mean of the modalities' own.
   */
  default @Nullable Contributions contributions(Presence presence) {
    return null;
  }

  /** Share of samples whose class has the highest score. */
  default double accuracy(Presence presence) {
    return Accuracy.of(logits(presence), split().labels());
  }
}
