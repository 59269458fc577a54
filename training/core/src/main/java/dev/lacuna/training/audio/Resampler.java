package dev.lacuna.training.audio;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;

/**
 * Changes the sample rate by a polyphase Hann-windowed sinc, cut off at the lower of the two
 * Nyquist frequencies.
 *
 * <p>One row of weights per phase: output i lies at input position i * from / to, and the
 * fractional part of that takes only to / gcd(from, to) values.
 */
public final class Resampler {
  /** Zero crossings of the sinc on each side. */
  private static final int CROSSINGS = 16;

  private final int step;
  private final int phases;
  private final int reach;
  private final double[][] weights;

  /**
   * A resampler between two rates in samples per second.
   *
   * @throws LacunaException where a rate is not positive
   */
  public Resampler(int from, int to) {
    if (from <= 0 || to <= 0) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "sample rates are " + from + " and " + to + ", want > 0");
    }
    int divisor = gcd(from, to);
    step = from / divisor;
    phases = to / divisor;
    double cutoff = Math.min(1, (double) to / from);
    double width = CROSSINGS / cutoff;
    reach = (int) Math.ceil(width);
    weights = new double[phases][2 * reach + 1];
    for (int phase = 0; phase < phases; phase++) {
      double[] row = weights[phase];
      double sum = 0;
      for (int tap = -reach; tap <= reach; tap++) {
        double distance = tap - (double) phase / phases;
        row[tap + reach] = weight(distance, cutoff, width);
        sum += row[tap + reach];
      }
      // a constant stays that constant
      for (int tap = 0; tap < row.length; tap++) {
        row[tap] /= sum;
      }
    }
  }

  /** The samples at the new rate; silence is assumed before and after. */
  public float[] apply(float[] samples) {
    if (step == phases) {
      return samples.clone();
    }
    int length = Math.toIntExact(((long) samples.length * phases + step - 1) / step);
    float[] out = new float[length];
    for (int i = 0; i < length; i++) {
      long position = (long) i * step;
      int centre = (int) (position / phases);
      double[] row = weights[(int) (position % phases)];
      int first = Math.max(-reach, -centre);
      int last = Math.min(reach, samples.length - 1 - centre);
      double sum = 0;
      for (int tap = first; tap <= last; tap++) {
        sum += row[tap + reach] * samples[centre + tap];
      }
      out[i] = (float) sum;
    }
    return out;
  }

  private static double weight(double distance, double cutoff, double width) {
    if (Math.abs(distance) >= width) {
      return 0;
    }
    double x = Math.PI * distance * cutoff;
    double sinc = x == 0 ? 1 : StrictMath.sin(x) / x;
    return sinc * 0.5 * (1 + StrictMath.cos(Math.PI * distance / width));
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
