package dev.lacuna.training.audio;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.math3.transform.DftNormalization;
import org.apache.commons.math3.transform.FastFourierTransformer;
import org.apache.commons.math3.transform.TransformType;

/**
 * Log-mel features of one spoken word as an image [bands, frames].
 *
 * <p>The recording is brought to the target rate and to a peak of 1, cut into Hann windows, and
 * each window's power spectrum summed by triangles evenly spaced on the mel scale (2595 log10(1 + f
 * / 700)); the feature is log(energy + floor). Quiet frames at both ends are trimmed and the rest
 * is stretched to a fixed number of frames, so that slow and fast speakers look alike.
 *
 * <p>StrictMath keeps the bits equal on every machine, so that a cache is worth its checksum. Safe
 * for use by several threads.
 */
public final class LogMel {
  /**
   * What to compute.
   *
   * @param rate samples per second; recordings are resampled to it
   * @param windowMillis length of a window
   * @param hopMillis distance of windows
   * @param bands mel bands, the rows of the feature
   * @param frames columns of the feature
   * @param lowHertz lower edge of the lowest band
   * @param highHertz upper edge of the highest band, at most rate / 2
   * @param floor added to the energy before the logarithm, for a peak amplitude of 1
   * @param trimDecibel frames at either end this far below the loudest are silence
   */
  public record Options(
      int rate,
      int windowMillis,
      int hopMillis,
      int bands,
      int frames,
      double lowHertz,
      double highHertz,
      double floor,
      double trimDecibel) {
    /**
     * Chosen on the validation variants by ridge regression; 8 kHz is what telephone prompts and
     * the Free Spoken Digit Dataset have.
     */
    public static final Options DEFAULT = new Options(8_000, 25, 10, 32, 32, 60, 4_000, 1e-7, 40);

    /** Checks the ranges. */
    public Options {
      if (rate <= 0 || windowMillis <= 0 || hopMillis <= 0 || bands <= 0 || frames < 2) {
        throw invalid(
            "rate "
                + rate
                + ", windowMillis "
                + windowMillis
                + ", hopMillis "
                + hopMillis
                + ", bands "
                + bands
                + ", frames "
                + frames
                + ": want > 0, and 2 or more frames");
      }
      if (!(lowHertz >= 0 && lowHertz < highHertz && highHertz <= rate / 2.0)) {
        throw invalid(
            "bands from "
                + lowHertz
                + " to "
                + highHertz
                + " Hz, want 0 <= low < high <= "
                + rate / 2.0);
      }
      if (!(floor > 0 && trimDecibel > 0)) {
        throw invalid("floor " + floor + ", trimDecibel " + trimDecibel + ": want > 0");
      }
    }
  }

  private final Options options;
  private final double[] window;
  private final int hop;
  private final int fftSize;
  private final double[][] filters;
  private final Map<Integer, Resampler> resamplers = new ConcurrentHashMap<>();

  /** Features with the given options. */
  public LogMel(Options options) {
    this.options = options;
    int length = options.rate * options.windowMillis / 1000;
    window = new double[length];
    for (int i = 0; i < length; i++) {
      window[i] = 0.5 - 0.5 * StrictMath.cos(2 * Math.PI * i / length);
    }
    hop = options.rate * options.hopMillis / 1000;
    fftSize = length <= 1 ? 1 : Integer.highestOneBit(length - 1) << 1;
    filters = filters(options, fftSize);
  }

  /** The feature of a recording, [bands, frames] row by row, not normalised. */
  public float[] features(Recording recording) {
    Resampler resampler =
        resamplers.computeIfAbsent(recording.rate(), rate -> new Resampler(rate, options.rate));
    return stretch(trim(spectrogram(resampler.apply(recording.samples()))));
  }

  /** Log energies [frames][bands] of samples at the target rate, scaled to a peak of 1. */
  double[][] spectrogram(float[] samples) {
    double peak = 0;
    for (float sample : samples) {
      peak = Math.max(peak, Math.abs(sample));
    }
    double gain = peak > 0 ? 1 / peak : 0;
    int count = 1 + Math.max(0, samples.length - window.length) / hop;
    double[][] spectrogram = new double[count][];
    for (int frame = 0; frame < count; frame++) {
      double[] power = powerSpectrum(samples, frame * hop, gain);
      double[] bands = new double[options.bands];
      for (int band = 0; band < bands.length; band++) {
        double energy = 0;
        for (int bin = 0; bin < power.length; bin++) {
          energy += filters[band][bin] * power[bin];
        }
        bands[band] = StrictMath.log(energy + options.floor);
      }
      spectrogram[frame] = bands;
    }
    return spectrogram;
  }

  /** |DFT|^2 / window length of one window, bins 0 to fftSize / 2; zeros past the end. */
  double[] powerSpectrum(float[] samples, int start, double gain) {
    double[][] values = new double[2][fftSize];
    int length = Math.min(window.length, samples.length - start);
    for (int i = 0; i < length; i++) {
      values[0][i] = gain * samples[start + i] * window[i];
    }
    FastFourierTransformer.transformInPlace(
        values, DftNormalization.STANDARD, TransformType.FORWARD);
    double[] power = new double[fftSize / 2 + 1];
    for (int bin = 0; bin < power.length; bin++) {
      double re = values[0][bin];
      double im = values[1][bin];
      power[bin] = (re * re + im * im) / window.length;
    }
    return power;
  }

  private double[][] trim(double[][] spectrogram) {
    double[] energy = new double[spectrogram.length];
    for (int frame = 0; frame < energy.length; frame++) {
      for (double band : spectrogram[frame]) {
        energy[frame] += StrictMath.exp(band);
      }
    }
    double quiet =
        Arrays.stream(energy).max().orElseThrow() * StrictMath.pow(10, -options.trimDecibel / 10);
    int first = 0;
    while (energy[first] < quiet) {
      first++;
    }
    int last = energy.length - 1;
    while (energy[last] < quiet) {
      last--;
    }
    return Arrays.copyOfRange(spectrogram, first, last + 1);
  }

  private float[] stretch(double[][] spectrogram) {
    int frames = options.frames;
    float[] image = new float[options.bands * frames];
    for (int column = 0; column < frames; column++) {
      double position = (double) column * (spectrogram.length - 1) / (frames - 1);
      int left = (int) position;
      int right = Math.min(left + 1, spectrogram.length - 1);
      double part = position - left;
      for (int band = 0; band < options.bands; band++) {
        image[band * frames + column] =
            (float) ((1 - part) * spectrogram[left][band] + part * spectrogram[right][band]);
      }
    }
    return image;
  }

  private static double[][] filters(Options options, int fftSize) {
    double low = mel(options.lowHertz);
    double width = (mel(options.highHertz) - low) / (options.bands + 1);
    double[][] filters = new double[options.bands][fftSize / 2 + 1];
    for (int band = 0; band < options.bands; band++) {
      double left = hertz(low + band * width);
      double centre = hertz(low + (band + 1) * width);
      double right = hertz(low + (band + 2) * width);
      for (int bin = 0; bin < filters[band].length; bin++) {
        double frequency = (double) bin * options.rate / fftSize;
        double rise = (frequency - left) / (centre - left);
        double fall = (right - frequency) / (right - centre);
        filters[band][bin] = Math.max(0, Math.min(rise, fall));
      }
    }
    return filters;
  }

  private static double mel(double hertz) {
    return 2595 * StrictMath.log10(1 + hertz / 700);
  }

  private static double hertz(double mel) {
    return 700 * (StrictMath.pow(10, mel / 2595) - 1);
  }

  private static LacunaException invalid(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "log-mel options: " + message);
  }
}
