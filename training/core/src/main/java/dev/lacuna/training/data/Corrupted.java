package dev.lacuna.training.data;

import dev.lacuna.CounterRandom;
import dev.lacuna.multimodal.Presence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Samples of which one modality is noise, and nothing says which: in every sample that has two or
 * more modalities one of them, drawn uniformly, is replaced. A sample that has one alone keeps it,
 * as under a missing pattern.
 *
 * <p>The noise is white and Gaussian, with the mean and the standard deviation of all values of the
 * modality's training features, as encoders get them. So it is of the scale of real inputs, which
 * is what a model has learned to expect, and has nothing else of them. A text keeps its length, and
 * each of its tokens becomes another of the vocabulary, drawn uniformly. All draws of a sample hang
 * on the seed, the split and the sample's number alone.
 *
 * @param data the feature tables, with noise behind the rows that they had
 * @param split the samples, which point to the noise
 * @param intact which modalities a sample has that are not noise
 */
public record Corrupted(MultimodalData data, Split split, Presence intact) {
  /** Stream of random numbers that choose what is replaced; the step is the split's code. */
  private static final int CHOOSE = 0x4B01;

  /** Stream of the first modality's noise. */
  private static final int NOISE = 0x4C00;

  /** Replaces one modality of each sample of a split. */
  public static Corrupted of(MultimodalData data, Part part, long seed) {
    Split split = data.split(part);
    Presence available = split.presence();
    Presence intact = choose(available, new CounterRandom(seed, CHOOSE, part.code()));
    List<Modality> modalities = new ArrayList<>();
    int[][] rowOf = new int[split.rowOf().length][];
    for (int m = 0; m < rowOf.length; m++) {
      Modality clean = data.modalities().get(m);
      int modality = m;
      int[] replaced =
          IntStream.range(0, split.size())
              .filter(i -> available.present(i, modality) && !intact.present(i, modality))
              .toArray();
      int[] training =
          Arrays.stream(data.train().rowOf()[m]).filter(row -> row != Split.ABSENT).toArray();
      Scaling scale = Scaling.of(clean.rows(), training);
      CounterRandom random = new CounterRandom(seed, NOISE + m, part.code());
      int before = clean.rows().length;
      float[][] rows = Arrays.copyOf(clean.rows(), before + replaced.length);
      rowOf[m] = split.rowOf()[m].clone();
      for (int i = 0; i < replaced.length; i++) {
        long first = (long) replaced[i] * clean.size();
        rows[before + i] =
            clean.hasTokens()
                ? otherTokens(random, first, clean, rowOf[m][replaced[i]])
                : noise(random, first, clean.size(), scale);
        rowOf[m][replaced[i]] = before + i;
      }
      modalities.add(clean.withRows(rows));
    }
    return new Corrupted(
        new MultimodalData(
            data.name(),
            modalities,
            data.classNames(),
            data.train(),
            data.validation(),
            data.test(),
            data.humanClips()),
        split.withRows(rowOf),
        intact);
  }

  /** Those that lack no modality. */
  public Corrupted complete() {
    Presence available = split.presence();
    int[] chosen =
        IntStream.range(0, split.size())
            .filter(i ->
                IntStream.range(0, available.modalities()).allMatch(m -> available.present(i, m)))
            .toArray();
    return new Corrupted(data, split.select(chosen), intact.select(chosen));
  }

  /** The samples of which a modality is noise. */
  public int[] replaced(int modality) {
    return IntStream.range(0, split.size())
        .filter(i -> split.rowOf()[modality][i] != Split.ABSENT && !intact.present(i, modality))
        .toArray();
  }

  private static Presence choose(Presence available, CounterRandom random) {
    int width = available.modalities();
    byte[] table = available.toBytes();
    for (int i = 0; i < available.samples(); i++) {
      int sample = i;
      int[] present = IntStream.range(0, width).filter(m -> available.present(sample, m)).toArray();
      if (present.length > 1) {
        table[i * width + present[random.below(i, present.length)]] = 0;
      }
    }
    return new Presence(available.samples(), width, table);
  }

  /** Every token becomes another, each other one with the same probability; padding stays. */
  private static float[] otherTokens(CounterRandom random, long first, Modality clean, int row) {
    float[] ids = clean.rows()[row].clone();
    int others = clean.vocabulary() - 2;
    for (int i = 0; i < clean.tokens(row); i++) {
      int skipped = 1 + random.below(first + i, others);
      ids[i] = skipped < ids[i] ? skipped : skipped + 1;
    }
    return ids;
  }

  private static float[] noise(CounterRandom random, long first, int size, Scaling scale) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (scale.mean() + scale.deviation() * random.normal(first + i));
    }
    return values;
  }
}
