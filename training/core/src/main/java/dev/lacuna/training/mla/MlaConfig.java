package dev.lacuna.training.mla;

/**
 * All that decides a run's results.
 *
 * @param data name of the data set
 * @param train training samples
 * @param validation validation samples
 * @param test test samples
 * @param dataSeed of the choice of samples
 * @param missing what training samples lack: none, a rate, or shares by modality
 * @param seeds runs, with seeds 0 to seeds - 1
 * @param options how to train
 */
public record MlaConfig(
    String data,
    int train,
    int validation,
    int test,
    long dataSeed,
    String missing,
    int seeds,
    MlaOptions options) {
  /** Checks the number of seeds. */
  public MlaConfig {
    if (seeds < 1) {
      throw new IllegalArgumentException("seeds is " + seeds + ", want >= 1");
    }
  }
}
