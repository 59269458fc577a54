package dev.lacuna.training.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogMelTest {
  private static final LogMel.Options OPTIONS = LogMel.Options.DEFAULT;
  private static final LogMel LOG_MEL = new LogMel(OPTIONS);

  @ParameterizedTest
  @ValueSource(doubles = {200, 440, 1_000, 2_000, 3_500})
  void aToneIsLoudestInTheBandAroundIt(double hertz) {
    double low = mel(OPTIONS.lowHertz());
    double width = (mel(OPTIONS.highHertz()) - low) / (OPTIONS.bands() + 1);
    double expected = (mel(hertz) - low) / width - 1;
    for (double[] frame : LOG_MEL.spectrogram(tone(8_000, hertz, 0.5))) {
      int loudest = 0;
      for (int band = 1; band < frame.length; band++) {
        loudest = frame[band] > frame[loudest] ? band : loudest;
      }
      assertEquals(expected, loudest, 0.75, hertz + " Hz");
    }
  }

  @Test
  void thePowerSpectrumIsThatOfANaiveTransform() {
    float[] samples = noise(300);
    double[] power = LOG_MEL.powerSpectrum(samples, 50, 0.5);
    assertEquals(129, power.length);
    for (int bin = 0; bin < power.length; bin++) {
      double re = 0;
      double im = 0;
      for (int i = 0; i < 200; i++) {
        double value = 0.5 * samples[50 + i] * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / 200));
        re += value * Math.cos(2 * Math.PI * bin * i / 256);
        im -= value * Math.sin(2 * Math.PI * bin * i / 256);
      }
      assertEquals((re * re + im * im) / 200, power[bin], 1e-12, "bin " + bin);
    }
  }

  @Test
  void silenceIsFinite() {
    float[] feature = LOG_MEL.features(new Recording(new float[4_000], 8_000));
    for (float value : feature) {
      assertEquals((float) Math.log(OPTIONS.floor()), value, 1e-5f);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 199, 200, 201, 279, 280})
  void recordingsShorterThanAWindowHaveAFeature(int length) {
    float[] feature = LOG_MEL.features(new Recording(noise(length), 8_000));
    assertEquals(32 * 32, feature.length);
    for (float value : feature) {
      assertTrue(Float.isFinite(value));
    }
  }

  @Test
  void theFeatureDoesNotDependOnLoudnessOrSurroundingSilence() {
    float[] word = tone(8_000, 700, 0.4);
    // offsets differ by whole hops, so that windows fall on the same samples
    assertArrayEquals(
        LOG_MEL.features(new Recording(place(word, 400, 4_000, 1), 8_000)),
        LOG_MEL.features(new Recording(place(word, 2_000, 12_000, 0.125f), 8_000)),
        1e-5f);
  }

  @Test
  void slowAndFastGiveTheSameShape() {
    // a tone that rises from 500 to 1500 Hz
    float[] slow = sweep(6_400);
    float[] fast = sweep(3_200);
    float[] a = LOG_MEL.features(new Recording(slow, 8_000));
    float[] b = LOG_MEL.features(new Recording(fast, 8_000));
    double distance = 0;
    double energy = 0;
    for (int i = 0; i < a.length; i++) {
      distance += Math.pow(a[i] - b[i], 2);
      energy += Math.pow(a[i] - Math.log(OPTIONS.floor()), 2);
    }
    assertTrue(distance < 0.02 * energy, distance + " of " + energy);
  }

  @Test
  void theRateOfTheRecordingHardlyMatters() {
    float[] a = LOG_MEL.features(new Recording(tone(8_000, 1_000, 0.5), 8_000));
    float[] b = LOG_MEL.features(new Recording(tone(22_050, 1_000, 0.5), 22_050));
    int band = 32 * 13;
    float loudest = max(Arrays.copyOfRange(a, band, band + 32 * 4));
    assertEquals(loudest, max(Arrays.copyOfRange(b, band, band + 32 * 4)), 0.05);
  }

  @Test
  void rowsAreBandsAndColumnsAreFrames() {
    float[] feature = LOG_MEL.features(new Recording(sweep(6_400), 8_000));
    int first = loudestBand(feature, 2);
    int last = loudestBand(feature, 29);
    assertTrue(last > first + 5, first + " to " + last);
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    assertThrows(
        LacunaException.class, () -> new LogMel.Options(0, 25, 10, 32, 32, 60, 4_000, 1e-7, 40));
    assertThrows(
        LacunaException.class,
        () -> new LogMel.Options(8_000, 25, 10, 32, 32, 60, 4_001, 1e-7, 40));
    assertThrows(
        LacunaException.class, () -> new LogMel.Options(8_000, 25, 10, 32, 32, 60, 4_000, 0, 40));
    assertThrows(
        LacunaException.class, () -> new LogMel.Options(8_000, 25, 10, 32, 1, 60, 4_000, 1e-7, 40));
  }

  private static int loudestBand(float[] feature, int frame) {
    int loudest = 0;
    for (int band = 1; band < 32; band++) {
      loudest = feature[band * 32 + frame] > feature[loudest * 32 + frame] ? band : loudest;
    }
    return loudest;
  }

  private static float max(float[] values) {
    float max = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      max = Math.max(max, value);
    }
    return max;
  }

  private static float[] tone(int rate, double hertz, double seconds) {
    float[] samples = new float[(int) (rate * seconds)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) Math.sin(2 * Math.PI * hertz * i / rate);
    }
    return samples;
  }

  private static float[] place(float[] word, int offset, int length, float gain) {
    float[] samples = new float[length];
    for (int i = 0; i < word.length; i++) {
      samples[offset + i] = gain * word[i];
    }
    return samples;
  }

  private static float[] sweep(int length) {
    float[] samples = new float[length];
    double phase = 0;
    for (int i = 0; i < length; i++) {
      phase += 2 * Math.PI * (500 + 1_000.0 * i / length) / 8_000;
      samples[i] = (float) Math.sin(phase);
    }
    return samples;
  }

  private static float[] noise(int length) {
    CounterRandom random = new CounterRandom(7, 0, 0);
    float[] samples = new float[length];
    for (int i = 0; i < length; i++) {
      samples[i] = 2 * random.uniform(i) - 1;
    }
    return samples;
  }

  private static double mel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }
}
