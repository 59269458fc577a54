package dev.lacuna.training.audio;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** WAV files made for tests. */
public final class Wav {
  private Wav() {}

  /** A 16-bit PCM file; samples of several channels are interleaved. */
  public static byte[] file(int rate, int channels, short... samples) {
    ByteBuffer data = ByteBuffer.allocate(2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asShortBuffer().put(samples);
    return file(1, 16, rate, channels, data.array());
  }

  /** A mono file at 8 kHz of any coding. */
  public static byte[] file(int coding, int bits, byte[] data) {
    return file(coding, bits, 8_000, 1, data);
  }

  private static byte[] file(int coding, int bits, int rate, int channels, byte[] data) {
    int frameBytes = channels * bits / 8;
    ByteBuffer out = ByteBuffer.allocate(44 + data.length).order(ByteOrder.LITTLE_ENDIAN);
    out.put("RIFF".getBytes(US_ASCII)).putInt(36 + data.length);
    out.put("WAVEfmt ".getBytes(US_ASCII)).putInt(16);
    out.putShort((short) coding).putShort((short) channels).putInt(rate);
    out.putInt(rate * frameBytes).putShort((short) frameBytes).putShort((short) bits);
    out.put("data".getBytes(US_ASCII)).putInt(data.length);
    return out.put(data).array();
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
