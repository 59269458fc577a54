package dev.lacuna.training.compare;

import dev.lacuna.multimodal.Fusion;
import dev.lacuna.training.data.Corrupted;
import dev.lacuna.training.loop.UnimodalOutputs;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Noise in place of a modality; means over seeds and test samples.
 *
 * @param samples of which it is noise
 * @param weight that dynamic fusion gives the noise; fixed fusion gives equal shares
 * @param outweighs share of these samples in which noise weighs more than what is intact together
 * @param entropy of what the modality says of noise, in nats
 * @param entropyIntact of what it says where it is intact
 * @param logitDeviation standard deviation over classes of the logits that it gives noise
 * @param logitDeviationOfOthers of the logits of the other modalities in the same samples
 */
public record NoiseEffect(
    String modality,
    int samples,
    double weight,
    double outweighs,
    double entropy,
    double entropyIntact,
    double logitDeviation,
    double logitDeviationOfOthers) {
  /** Of noise in place of a modality. */
  static NoiseEffect of(int modality, List<UnimodalOutputs> tested, Corrupted test) {
    int[] noisy = test.replaced(modality);
    int[] intact = test.intact().rows(modality);
    int[] others =
        IntStream.range(0, test.intact().modalities()).filter(m -> m != modality).toArray();
    return new NoiseEffect(
        test.data().modalityNames().get(modality),
        noisy.length,
        mean(tested, noisy, (said, i) -> weight(said, modality, i)),
        mean(tested, noisy, (said, i) -> weight(said, modality, i) > 0.5 ? 1 : 0),
        mean(tested, noisy, (said, i) -> said.entropy()[modality][i]),
        mean(tested, intact, (said, i) -> said.entropy()[modality][i]),
        mean(tested, noisy, (said, i) -> deviation(said.logits()[modality][i])),
        mean(
            tested,
            noisy,
            (said, i) ->
                Arrays.stream(others)
                    .mapToDouble(m -> deviation(said.logits()[m][i]))
                    .average()
                    .orElseThrow()));
  }

  /** What is measured of a sample. */
  private interface OfSample extends ToDoubleBiFunction<UnimodalOutputs, Integer> {}

  /** Over seeds and samples; NaN where there are none. */
  private static double mean(List<UnimodalOutputs> tested, int[] samples, OfSample measured) {
    return tested.stream()
        .flatMapToDouble(
            said -> Arrays.stream(samples).mapToDouble(i -> measured.applyAsDouble(said, i)))
        .average()
        .orElse(Double.NaN);
  }

  private static double weight(UnimodalOutputs said, int modality, int sample) {
    double[] entropy = Arrays.stream(said.entropy()).mapToDouble(e -> e[sample]).toArray();
    boolean[] present = new boolean[entropy.length];
    Arrays.fill(present, true);
    return Fusion.weights(Fusion.Mode.DYNAMIC, entropy, present)[modality];
  }

  private static double deviation(double[] logits) {
    return Math.sqrt(StatUtils.populationVariance(logits));
  }
}
