package dev.lacuna.training.system;

import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Ranges;
import dev.lacuna.training.loop.TrainingOptions;
import java.util.List;

/**
 * All that decides a run's results.
 *
 * @param data where the samples come from
 * @param missing what training samples lack: none, a rate, or shares by modality
 * @param tableSeed of the missing tables
 * @param seeds runs, with seeds 0 to seeds - 1
 * @param training how to train
 * @param options the system's own
 */
public record RunConfig<O extends Record>(
    DataSource data,
    String missing,
    long tableSeed,
    int seeds,
    TrainingOptions training,
    O options) {
  /** Checks the number of seeds. */
  public RunConfig {
    Ranges.require(seeds >= 1, "seeds", seeds, ">= 1");
  }

  /**
   * Checks what can only be checked once the modalities are known, before anything is written.
   *
   * @throws dev.lacuna.LacunaException naming the option and what it may be
   */
  public void check(List<String> modalities) {
    MissingRates.parse(missing, modalities);
    RandomShift.parse(training.shift(), modalities);
  }
}
