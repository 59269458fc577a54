package dev.lacuna.training.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Made sequences of four prototypes, which every modality shows in its own way and with noise. */
final class Sequences {
  static final int CLASSES = 4;
  private static final int SIDE = 5;

  private Sequences() {}

  /**
   * Sequences in two or three modalities of 5 x 5 values a step.
   *
   * @param samples of each split
   */
  static MultimodalData data(int modalities, int samples, int steps) {
    List<String> names = List.of("image", "audio", "text").subList(0, modalities);
    int all = 3 * samples;
    CounterRandom draw = new CounterRandom(7, 0, 0);
    int[][] digits = new int[all][steps];
    int[] labels = new int[all];
    for (int i = 0; i < all; i++) {
      labels[i] = draw.below(i, CLASSES);
      for (int t = 0; t < steps; t++) {
        long at = 1000L + (long) i * steps + t;
        digits[i][t] = draw.uniform(2 * at) < 0.6 ? labels[i] : draw.below(2 * at + 1, CLASSES);
      }
    }
    List<Modality> tables =
        IntStream.range(0, modalities).mapToObj(m -> modality(names.get(m), m, digits)).toList();
    return new MultimodalData(
        "made",
        tables,
        CLASSES,
        split("train", 0, samples, modalities, labels, digits),
        split("validation", samples, samples, modalities, labels, digits),
        split("test", 2 * samples, samples, modalities, labels, digits),
        null);
  }

  private static Modality modality(String name, int m, int[][] digits) {
    int size = SIDE * SIDE;
    CounterRandom noise = new CounterRandom(8, m, 0);
    float[][] rows = new float[digits.length][];
    for (int i = 0; i < rows.length; i++) {
      int steps = digits[i].length;
      rows[i] = new float[steps * size];
      for (int j = 0; j < rows[i].length; j++) {
        int place = j % size;
        double shown = Math.sin(1.3 * (digits[i][j / size] + 1) * (place + 1) * (m + 1));
        rows[i][j] = (float) (2 * shown + 0.3 * noise.normal((long) i * steps * size + j));
      }
    }
    Scaling scaling = new Scaling(10, 2);
    int steps = digits[0].length;
    return new Modality(name, steps, SIDE, SIDE, rows, scaling, 0, steps);
  }

  private static Split split(
      String name, int from, int count, int modalities, int[] labels, int[][] digits) {
    int[] rows = IntStream.range(from, from + count).toArray();
    int[][] rowOf = new int[modalities][];
    Arrays.fill(rowOf, rows);
    return new Split(name, Arrays.copyOfRange(labels, from, from + count), rowOf)
        .withStepLabels(Arrays.copyOfRange(digits, from, from + count));
  }
}
