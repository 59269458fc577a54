package dev.lacuna.training.mmp;

import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.RandomShift;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/**
 * A split in batches of one size, the last of each kind filled up with repetitions: how a matrix
 * product is rounded may hang on its number of rows, and a prediction must not hang on what else is
 * predicted.
 */
final class FixedBatches {
  private static final int BATCH = 8;

  private FixedBatches() {}

  /** Work on a batch. */
  interface Work {
    /**
     * Works on rows of which the first belong to samples, and the others fill up.
     *
     * @param samples of the split
     * @param rows at least as many
     */
    void on(int[] samples, float[][] rows);
  }

  /**
   * Goes over the samples that have a modality.
   *
   * @param kind rows of different kinds are not in one batch
   */
  static void forEach(
      MultimodalData data, Split split, int modality, ToIntFunction<float[]> kind, Work work) {
    float[][] table = data.modalities().get(modality).rows();
    Map<Integer, List<Integer>> samples = new TreeMap<>();
    for (int sample : split.presence().rows(modality)) {
      int of = kind.applyAsInt(table[split.rowOf()[modality][sample]]);
      samples.computeIfAbsent(of, _ -> new ArrayList<>()).add(sample);
    }
    RandomShift still = RandomShift.none(split.rowOf().length);
    for (List<Integer> alike : samples.values()) {
      for (int from = 0; from < alike.size(); from += BATCH) {
        int first = from;
        int[] chosen =
            IntStream.range(0, BATCH)
                .map(i -> alike.get(Math.min(first + i, alike.size() - 1)))
                .toArray();
        Batch batch = new Batch(data, split, split.presence(), chosen, still);
        int[] all = IntStream.range(0, BATCH).toArray();
        int count = Math.min(BATCH, alike.size() - from);
        work.on(Arrays.copyOf(chosen, count), batch.rows(modality, all));
      }
    }
  }
}
