package dev.lacuna.training.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResamplerTest {
  @ParameterizedTest
  @CsvSource({"22050, 8000", "8000, 16000", "48000, 8000", "11025, 8000", "44100, 16000"})
  void aToneBelowBothNyquistFrequenciesIsKept(int from, int to) {
    float[] out = new Resampler(from, to).apply(tone(from, 1_000));
    assertEquals(to, out.length, 1);
    double worst = 0;
    for (int i = to / 4; i < 3 * to / 4; i++) {
      double error = Math.abs(out[i] - Math.sin(2 * Math.PI * 1_000 * i / to));
      assertTrue(error < 1, "sample " + i + " is " + out[i]);
      worst = Math.max(worst, error);
    }
    assertTrue(worst < 2e-3, "error " + worst);
  }

  @Test
  void aToneAboveTheNewNyquistFrequencyIsRemoved() {
    float[] out = new Resampler(22_050, 8_000).apply(tone(22_050, 5_500));
    for (int i = 2_000; i < 6_000; i++) {
      assertTrue(Math.abs(out[i]) < 2e-3, "sample " + i + " is " + out[i]);
    }
  }

  @Test
  void aConstantStaysTheSame() {
    float[] ones = new float[2_000];
    Arrays.fill(ones, 0.25f);
    float[] out = new Resampler(11_025, 8_000).apply(ones);
    for (int i = 100; i < out.length - 100; i++) {
      assertEquals(0.25f, out[i], 1e-6f);
    }
  }

  @Test
  void theSameRateCopies() {
    float[] samples = {1, 2, 3};
    assertArrayEquals(samples, new Resampler(8_000, 8_000).apply(samples));
  }

  @Test
  void shortInputIsFine() {
    assertEquals(0, new Resampler(22_050, 8_000).apply(new float[0]).length);
    assertEquals(1, new Resampler(22_050, 8_000).apply(new float[] {1}).length);
    assertEquals(2, new Resampler(8_000, 16_000).apply(new float[] {1}).length);
  }

  @Test
  void ratesMustBePositive() {
    assertThrows(LacunaException.class, () -> new Resampler(0, 8_000));
    assertThrows(LacunaException.class, () -> new Resampler(8_000, -1));
  }

  /** One second. */
  private static float[] tone(int rate, double hertz) {
    float[] samples = new float[rate];
    for (int i = 0; i < rate; i++) {
      samples[i] = (float) Math.sin(2 * Math.PI * hertz * i / rate);
    }
    return samples;
  }
}
