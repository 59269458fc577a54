package dev.lacuna.training.system;

import dev.lacuna.training.loop.Outputs;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a model says of one sample.
 *
 * @param id the sample's name
 * @param probabilities of the classes, in the model's order; they sum to 1 unless samples are
 *     multi-label
 * @param present which modalities the sample has, in the model's order
 * @param entropy of each present modality's own prediction in nats, or null where the model does
 *     not weigh such
 * @param weight of each present modality's own prediction, or null where the model does not weigh
 *     such; they sum to 1
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
public record Prediction(
    String id,
    double[] probabilities,
    boolean[] present,
    double @Nullable [] entropy,
    double @Nullable [] weight) {
  /** The classes of a multi-label sample: those whose probability exceeds one half. */
  public List<Integer> predictedAll() {
    return IntStream.range(0, probabilities.length)
        .filter(c -> probabilities[c] > Outputs.THRESHOLD)
        .boxed()
        .toList();
  }

  /** The likeliest class, the first of several. */
  public int predicted() {
    int best = 0;
    for (int c = 1; c < probabilities.length; c++) {
      best = probabilities[c] > probabilities[best] ? c : best;
    }
    return best;
  }
}
