package dev.lacuna.training.report;

import dev.lacuna.training.data.Split;
import dev.lacuna.training.metrics.Classification;
import java.util.Arrays;

/**
 * How often each class was taken for each by one modality alone.
 *
 * @param modality its name
 * @param counts samples that have the modality, [label][predicted]; all 0 where none has it
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of counts, never compared
public record Confusion(String modality, int[][] counts) {
  /**
   * Counts the samples that have a modality.
   *
   * @param split the samples
   * @param m the modality's place
   * @param scores [sample][class] of that modality alone, read where a sample has it
   * @param classes how many there are
   */
  public static Confusion of(String modality, int m, Split split, double[][] scores, int classes) {
    int[] samples = split.presence().rows(m);
    if (samples.length == 0) {
      return new Confusion(modality, new int[classes][classes]);
    }
    double[][] chosen = Arrays.stream(samples).mapToObj(i -> scores[i]).toArray(double[][]::new);
    int[] labels = Arrays.stream(samples).map(i -> split.labels()[i]).toArray();
    return new Confusion(modality, Classification.confusionMatrix(chosen, labels));
  }

  /** The counts of both. */
  public Confusion plus(Confusion other) {
    int[][] sum = new int[counts.length][counts.length];
    for (int label = 0; label < sum.length; label++) {
      for (int c = 0; c < sum.length; c++) {
        sum[label][c] = counts[label][c] + other.counts[label][c];
      }
    }
    return new Confusion(modality, sum);
  }
}
