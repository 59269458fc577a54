package dev.lacuna.training.audio;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** WAV files made for tests. */
public final class Wav {
  private Wav() {}

  /** A 16-bit PCM file; samples of several channels are interleaved. */
  public static byte[] file(int rate, int channels, short... samples) {
    ByteBuffer out = ByteBuffer.allocate(44 + 2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
    out.put("RIFF".getBytes(US_ASCII)).putInt(36 + 2 * samples.length);
    out.put("WAVEfmt ".getBytes(US_ASCII)).putInt(16);
    out.putShort((short) 1).putShort((short) channels).putInt(rate);
    out.putInt(rate * channels * 2).putShort((short) (channels * 2)).putShort((short) 16);
    out.put("data".getBytes(US_ASCII)).putInt(2 * samples.length);
    for (short sample : samples) {
      out.putShort(sample);
    }
    return out.array();
  }

  /** A mono tone. */
  public static byte[] tone(int rate, double hertz, double seconds) {
    short[] samples = new short[(int) (rate * seconds)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (short) Math.round(20_000 * Math.sin(2 * Math.PI * hertz * i / rate));
    }
    return file(rate, 1, samples);
  }
}
