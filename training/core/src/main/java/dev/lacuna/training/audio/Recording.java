package dev.lacuna.training.audio;

/**
 * Mono sound.
 *
 * @param samples amplitudes in [-1, 1]
 * @param rate samples per second
 */
public record Recording(float[] samples, int rate) {
  /** Length in seconds. */
  public double seconds() {
    return (double) samples.length / rate;
  }
}
