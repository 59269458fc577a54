package dev.lacuna.multimodal;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Arrays;

/**
 * Which modality is there for which sample: an immutable U8 table [samples, modalities], row-major,
 * 1 = present, 0 = missing.
 *
 * <p>A missing modality is skipped, never filled: the batch of a modality is the gather of {@link
 * #rows(int)}, and its results are scattered back to them. A sample with nothing present is an
 * error here, at load, and not a NaN later.
 */
public final class Presence {
  private final int samples;
  private final int modalities;
  private final byte[] table;

  /**
   * A copy of a table of 0 and 1.
   *
   * @param samples number of samples, 0 or more
   * @param modalities number of modalities, 1 or more
   * @param table samples * modalities values, sample by sample
   * @throws LacunaException where the length does not fit, a value is neither 0 nor 1, or a sample
   *     has nothing present
   */
  public Presence(int samples, int modalities, byte[] table) {
    if (samples < 0 || modalities < 1 || table.length != (long) samples * modalities) {
      throw invalid(
          "presence table has "
              + table.length
              + " values, want samples * modalities = "
              + samples
              + " * "
              + modalities);
    }
    this.samples = samples;
    this.modalities = modalities;
    this.table = table.clone();
    for (int sample = 0; sample < samples; sample++) {
      int present = 0;
      for (int modality = 0; modality < modalities; modality++) {
        byte value = this.table[sample * modalities + modality];
        if (value != 0 && value != 1) {
          throw invalid(
              "presence of sample "
                  + sample
                  + ", modality "
                  + modality
                  + " is "
                  + value
                  + ", want 0 or 1");
        }
        present += value;
      }
      if (present == 0) {
        throw invalid("sample " + sample + " has no modality present, want at least one");
      }
    }
  }

  /** A table in which nothing is missing. */
  public static Presence complete(int samples, int modalities) {
    byte[] table = new byte[Math.multiplyExact(samples, modalities)];
    Arrays.fill(table, (byte) 1);
    return new Presence(samples, modalities, table);
  }

  /** Number of samples (rows of the table). */
  public int samples() {
    return samples;
  }

  /** Number of modalities (columns of the table). */
  public int modalities() {
    return modalities;
  }

  /** Whether a sample has a modality. */
  public boolean present(int sample, int modality) {
    return table[at(sample, modality)] != 0;
  }

  /** How many samples have a modality. */
  public int count(int modality) {
    int count = 0;
    for (int sample = 0; sample < samples; sample++) {
      count += table[at(sample, modality)];
    }
    return count;
  }

  /** The samples that have a modality, ascending. */
  public int[] rows(int modality) {
    int[] rows = new int[count(modality)];
    int next = 0;
    for (int sample = 0; sample < samples; sample++) {
      if (present(sample, modality)) {
        rows[next++] = sample;
      }
    }
    return rows;
  }

  /** The table of a batch: row i is that of {@code chosen[i]}. */
  public Presence select(int[] chosen) {
    byte[] selected = new byte[Math.multiplyExact(chosen.length, modalities)];
    for (int i = 0; i < chosen.length; i++) {
      System.arraycopy(table, at(chosen[i], 0), selected, i * modalities, modalities);
    }
    return new Presence(chosen.length, modalities, selected);
  }

  /** A copy of the table, sample by sample. */
  public byte[] toBytes() {
    return table.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Presence that
        && samples == that.samples
        && modalities == that.modalities
        && Arrays.equals(table, that.table);
  }

  @Override
  public int hashCode() {
    return 31 * modalities + Arrays.hashCode(table);
  }

  @Override
  public String toString() {
    return "Presence[" + samples + " samples, " + modalities + " modalities]";
  }

  private int at(int sample, int modality) {
    if (sample < 0 || sample >= samples || modality < 0 || modality >= modalities) {
      throw new IndexOutOfBoundsException(
          "sample "
              + sample
              + ", modality "
              + modality
              + " is outside the presence table ["
              + samples
              + ", "
              + modalities
              + "]");
    }
    return sample * modalities + modality;
  }

  private static LacunaException invalid(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
