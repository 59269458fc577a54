package dev.lacuna.training.cmg;

import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Counts, step by step, what an epoch says of the codebook. What it saves are the epochs that have
 * ended.
 */
final class TrainingHealth implements Stateful {
  /** At a position of a sample that lacks a modality. */
  static final int ABSENT = -1;

  private static final String EPOCHS = "epochs";
  private static final int COLUMNS = 6;

  private final int codes;
  private final List<EpochHealth> epochs = new ArrayList<>();
  private CodeCounts counts;
  private long equal;
  private long compared;
  private int replaced;
  private int steps;
  private double club;
  private double saturation;

  /** Nothing yet of a codebook of so many codes. */
  TrainingHealth(int codes) {
    this.codes = codes;
    counts = new CodeCounts(codes);
  }

  /**
   * Adds a training step.
   *
   * @param chosen chosen[m][t] is the code of position t in modality m, {@link #ABSENT} where the
   *     sample lacks it; positions of all modalities are the same
   * @param replacedNow codes that were replaced in this step
   * @param clubNow CLUB's estimate in this step, in nats; NaN where none is made
   * @param saturationNow share of its log variances at the bound of their range, from 0 to 1; NaN
   *     where none is made
   */
  void add(int[][] chosen, int replacedNow, double clubNow, double saturationNow) {
    for (int a = 0; a < chosen.length; a++) {
      for (int t = 0; t < chosen[a].length; t++) {
        if (chosen[a][t] == ABSENT) {
          continue;
        }
        counts.add(chosen[a][t]);
        for (int b = a + 1; b < chosen.length; b++) {
          compared += chosen[b][t] == ABSENT ? 0 : 1;
          equal += chosen[b][t] == chosen[a][t] ? 1 : 0;
        }
      }
    }
    replaced += replacedNow;
    club += clubNow;
    saturation += saturationNow;
    steps++;
  }

  /** Ends an epoch of one step or more, and begins the next. */
  EpochHealth endEpoch() {
    EpochHealth epoch = current();
    epochs.add(epoch);
    clear();
    return epoch;
  }

  /** The epochs that have ended. */
  List<EpochHealth> epochs() {
    return List.copyOf(epochs);
  }

  /** For the progress bar: the epoch under way, between two the last; empty before the first. */
  String status() {
    if (steps > 0) {
      return current().status(codes);
    }
    return epochs.isEmpty() ? "" : epochs.getLast().status(codes);
  }

  private EpochHealth current() {
    if (steps == 0) {
      throw new IllegalStateException("the epoch has no steps, want one at least");
    }
    return new EpochHealth(
        counts.inUse(),
        counts.perplexity(),
        compared == 0 ? Double.NaN : (double) equal / compared,
        replaced,
        club / steps,
        saturation / steps);
  }

  private void clear() {
    counts = new CodeCounts(codes);
    equal = 0;
    compared = 0;
    replaced = 0;
    steps = 0;
    club = 0;
    saturation = 0;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    double[] table =
        epochs.stream()
            .flatMapToDouble(e ->
                DoubleStream.of(
                    e.inUse(),
                    e.perplexity(),
                    e.agreement(),
                    e.replaced(),
                    e.club(),
                    e.saturation()))
            .toArray();
    file.tensors()
        .put(prefix + EPOCHS, new SafeTensors.Entry(new long[] {epochs.size(), COLUMNS}, table));
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    SafeTensors.Entry entry = file.tensors().get(prefix + EPOCHS);
    int count = entry == null ? 0 : entry.doubles().length / COLUMNS;
    double[] table = file.entry(prefix + EPOCHS, count, COLUMNS).doubles();
    clear();
    epochs.clear();
    for (int at = 0; at < table.length; at += COLUMNS) {
      epochs.add(
          new EpochHealth(
              (int) table[at],
              table[at + 1],
              table[at + 2],
              (int) table[at + 3],
              table[at + 4],
              table[at + 5]));
    }
  }
}
