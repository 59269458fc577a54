package dev.lacuna.training.loop;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.metrics.Accuracy;
import dev.lacuna.training.metrics.Calibration;
import dev.lacuna.training.metrics.Classification;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.metrics.Ranking;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What a learner says of the samples of a split, whatever of them is missing. */
public interface Outputs {
  /** The probability above which a class of a multi-label sample is predicted. */
  double THRESHOLD = 0.5;

  /** The samples. */
  Split split();

  /**
   * Scores [sample][class], the higher the likelier, where only what {@code presence} says is
   * there.
   */
  double[][] logits(Presence presence);

  /**
   * Probabilities [sample][class]: the softmax of the scores, or where samples are multi-label
   * their sigmoid.
   */
  default double[][] probabilities(Presence presence) {
    UnaryOperator<double[]> of = split().multiLabel() ? Outputs::sigmoid : Outputs::softmax;
    return Arrays.stream(logits(presence)).map(of).toArray(double[][]::new);
  }

  private static double[] sigmoid(double[] logits) {
    return Arrays.stream(logits).map(logit -> 1 / (1 + Math.exp(-logit))).toArray();
  }

  private static double[] softmax(double[] logits) {
    double most = Arrays.stream(logits).max().orElseThrow();
    double[] shares = Arrays.stream(logits).map(logit -> Math.exp(logit - most)).toArray();
    double sum = Arrays.stream(shares).sum();
    return Arrays.stream(shares).map(share -> share / sum).toArray();
  }

  /**
   * Whether each sample's class has the highest score.
   *
   * @throws IllegalArgumentException where samples are multi-label
   */
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

  /**
   * Share of samples whose class has the highest score.
   *
   * @throws IllegalArgumentException where samples are multi-label
   */
  default double accuracy(Presence presence) {
    return Accuracy.of(logits(presence), split().labels());
  }

  /**
   * A measure of what is said. Of a multi-label sample the classes are predicted whose probability
   * exceeds {@value #THRESHOLD}.
   *
   * @throws IllegalArgumentException where the measure is not defined for the samples
   */
  default double measure(Measure measure, Presence presence) {
    boolean[][] targets = split().targets();
    int[] labels = split().labels();
    return switch (measure) {
      case ACCURACY -> accuracy(presence);
      case ECE -> Calibration.ece(probabilities(presence), labels);
      case AUROC -> auroc(logits(presence), labels);
      case MACRO_F1 ->
          targets == null
              ? Classification.macroF1(logits(presence), labels)
              : Classification.macroF1(probabilities(presence), targets, THRESHOLD);
      case MICRO_F1 ->
          targets == null
              ? Classification.microF1(logits(presence), labels)
              : Classification.microF1(probabilities(presence), targets, THRESHOLD);
      case MAP ->
          targets == null
              ? Ranking.meanAveragePrecision(logits(presence), labels)
              : Ranking.meanAveragePrecision(logits(presence), targets);
    };
  }

  private static double auroc(double[][] logits, int[] labels) {
    double[] second = new double[logits.length];
    boolean[] positive = new boolean[labels.length];
    for (int i = 0; i < second.length; i++) {
      if (logits[i].length != 2) {
        throw new IllegalArgumentException("AUROC of " + logits[i].length + " classes, want 2");
      }
      second[i] = logits[i][1] - logits[i][0];
      positive[i] = labels[i] == 1;
    }
    return Ranking.auroc(second, positive);
  }
}
