package dev.lacuna.training.loop;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import java.util.Arrays;

/**
 * Some samples of a split. A modality's tensor holds the rows of the samples that have it, in
 * order; nothing stands in for the others.
 *
 * @param data the feature tables
 * @param split the samples' split
 * @param presence which modality each sample of the split may be used with
 * @param samples indices into the split
 * @param shift augmentation of the inputs
 */
@SuppressWarnings("ArrayRecordComponent") // a view of data, never compared
public record Batch(
    MultimodalData data, Split split, Presence presence, int[] samples, RandomShift shift) {
  /** Positions within the batch of the samples that have a modality. */
  public int[] positions(int modality) {
    int[] found = new int[samples.length];
    int count = 0;
    for (int i = 0; i < samples.length; i++) {
      if (presence.present(samples[i], modality)) {
        found[count++] = i;
      }
    }
    return Arrays.copyOf(found, count);
  }

  /** Inputs [positions, channels, height, width] of a modality; token ids as numbers. */
  public Tensor inputs(Tape tape, int modality, int[] positions) {
    Modality table = data.modalities().get(modality);
    float[] rows = new float[positions.length * table.size()];
    fill(modality, positions, rows);
    return tape.input(rows, positions.length, table.channels(), table.height(), table.width());
  }

  /** Inputs of a modality, one row of numbers each; token ids as numbers. */
  public float[][] rows(int modality, int[] positions) {
    int size = data.modalities().get(modality).size();
    float[] all = new float[positions.length * size];
    fill(modality, positions, all);
    float[][] rows = new float[positions.length][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * size, (i + 1) * size));
    return rows;
  }

  private void fill(int modality, int[] positions, float[] rows) {
    Modality table = data.modalities().get(modality);
    for (int i = 0; i < positions.length; i++) {
      int row = split.rowOf()[modality][samples[positions[i]]];
      long draw = (long) modality * samples.length + positions[i];
      shift.copy(table, modality, table.rows()[row], rows, i * table.size(), draw);
    }
  }

  /** Labels of samples of the batch. */
  public Tensor labels(Tape tape, int[] positions) {
    int[] labels = new int[positions.length];
    for (int i = 0; i < positions.length; i++) {
      labels[i] = split.labels()[samples[positions[i]]];
    }
    return tape.input(labels, positions.length);
  }

  /**
   * Whether each sample of the batch is of each class, 1 or 0.
   *
   * @throws IllegalArgumentException where samples have one class
   */
  public float[][] targets() {
    boolean[][] targets = split.targets();
    if (targets == null) {
      throw new IllegalArgumentException("split " + split.name() + " is not multi-label");
    }
    float[][] chosen = new float[samples.length][data.classes()];
    for (int i = 0; i < samples.length; i++) {
      for (int c = 0; c < chosen[i].length; c++) {
        chosen[i][c] = targets[samples[i]][c] ? 1 : 0;
      }
    }
    return chosen;
  }

  /** Labels of all samples of the batch. */
  public Tensor labels(Tape tape) {
    int[] all = new int[samples.length];
    Arrays.setAll(all, i -> i);
    return labels(tape, all);
  }
}
