package dev.lacuna.training.audio;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads RIFF WAVE files: PCM of 8, 16, 24 or 32 bits or 32-bit floating point, up to 8 channels
 * (mixed to mono), 8 to 48 kHz.
 *
 * <p>javax.sound.sampled would read them too, but it takes a cut file or a chunk size that lies for
 * a shorter recording; here that is an error. A file never costs more than four times its size in
 * memory.
 */
public final class WavReader {
  private static final int PCM = 1;
  private static final int FLOAT = 3;
  private static final int EXTENSIBLE = 0xFFFE;
  private static final int MOST_CHANNELS = 8;

  /** Some programs write floating point in the range of 16-bit integers. */
  private static final float LOUDEST = 65_536;

  private static final int LOWEST_RATE = 8_000;
  private static final int HIGHEST_RATE = 48_000;

  private WavReader() {}

  /**
   * Reads a file.
   *
   * @throws LacunaException naming the file and what is wrong with it
   */
  public static Recording read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw bad(file.toString(), "no such file");
    }
    try {
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  static Recording parse(byte[] bytes, String name) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < 12) {
      throw bad(name, in.remaining() + " bytes, too short for a RIFF WAVE header");
    }
    String riff = id(in);
    in.getInt(); // streams leave the total unset; the chunk sizes below are checked instead
    String wave = id(in);
    if (!riff.equals("RIFF") || !wave.equals("WAVE")) {
      throw bad(name, "starts with " + printable(riff + wave) + ", want RIFF and WAVE");
    }
    Format format = null;
    while (in.remaining() >= 8) {
      String id = id(in);
      long size = in.getInt() & 0xFFFFFFFFL;
      if (size > in.remaining()) {
        throw bad(
            name,
            "chunk "
                + printable(id)
                + " says "
                + size
                + " bytes, but "
                + in.remaining()
                + " are left: truncated, or a wrong size");
      }
      ByteBuffer chunk = in.slice(in.position(), (int) size).order(ByteOrder.LITTLE_ENDIAN);
      if (id.equals("fmt ")) {
        format = format(chunk, name);
      } else if (id.equals("data")) {
        if (format == null) {
          throw bad(name, "chunk data comes before chunk fmt");
        }
        return samples(chunk, format, name);
      }
      // chunks are padded to even sizes
      in.position((int) Math.min(in.limit(), in.position() + size + (size & 1)));
    }
    throw bad(name, "no chunk " + (format == null ? "fmt" : "data"));
  }

  private record Format(int coding, int bits, int channels, int rate) {
    int frameBytes() {
      return channels * bits / 8;
    }

    double sample(ByteBuffer in) {
      return switch (bits) {
        case 8 -> ((in.get() & 0xFF) - 128) / 0x1p7;
        case 16 -> in.getShort() / 0x1p15;
        case 24 -> {
          int low = in.getShort() & 0xFFFF;
          yield (in.get() << 16 | low) / 0x1p23;
        }
        default -> coding == FLOAT ? in.getFloat() : in.getInt() / 0x1p31;
      };
    }
  }

  private static Format format(ByteBuffer chunk, String name) {
    if (chunk.remaining() < 16) {
      throw bad(name, "chunk fmt has " + chunk.remaining() + " bytes, want 16 or more");
    }
    int coding = chunk.getShort() & 0xFFFF;
    int channels = chunk.getShort() & 0xFFFF;
    int rate = chunk.getInt();
    chunk.getInt(); // bytes a second follow from the rest
    int frameBytes = chunk.getShort() & 0xFFFF;
    int bits = chunk.getShort() & 0xFFFF;
    if (coding == EXTENSIBLE && chunk.remaining() >= 10) {
      coding = chunk.getShort(chunk.position() + 8) & 0xFFFF; // the first bytes of its GUID
    }
    boolean known =
        coding == PCM
            ? bits == 8 || bits == 16 || bits == 24 || bits == 32
            : coding == FLOAT && bits == 32;
    if (!known) {
      throw bad(
          name,
          "coding "
              + coding
              + " with "
              + bits
              + " bits, want 1 (PCM) with 8, 16, 24 or 32 bits or 3 (floating point) with 32");
    }
    if (channels < 1 || channels > MOST_CHANNELS) {
      throw bad(name, channels + " channels, want 1 to " + MOST_CHANNELS);
    }
    if (rate < LOWEST_RATE || rate > HIGHEST_RATE) {
      throw bad(
          name,
          Integer.toUnsignedString(rate)
              + " samples a second, want "
              + LOWEST_RATE
              + " to "
              + HIGHEST_RATE);
    }
    Format format = new Format(coding, bits, channels, rate);
    if (frameBytes != format.frameBytes()) {
      throw bad(name, frameBytes + " bytes a frame, want " + format.frameBytes());
    }
    return format;
  }

  private static Recording samples(ByteBuffer chunk, Format format, String name) {
    int frameBytes = format.frameBytes();
    if (chunk.remaining() == 0 || chunk.remaining() % frameBytes != 0) {
      throw bad(
          name,
          "chunk data has "
              + chunk.remaining()
              + " bytes, want a positive multiple of "
              + frameBytes);
    }
    float[] samples = new float[chunk.remaining() / frameBytes];
    for (int i = 0; i < samples.length; i++) {
      double sum = 0;
      for (int channel = 0; channel < format.channels; channel++) {
        sum += format.sample(chunk);
      }
      samples[i] = (float) (sum / format.channels);
      if (!(Math.abs(samples[i]) <= LOUDEST)) {
        throw bad(name, "sample " + i + " is " + samples[i] + ", want -65536 to 65536");
      }
    }
    return new Recording(samples, format.rate);
  }

  private static String id(ByteBuffer in) {
    byte[] id = new byte[4];
    in.get(id);
    return new String(id, ISO_8859_1);
  }

  private static String printable(String text) {
    return "'" + text.replaceAll("[^ -~]", "?") + "'";
  }

  private static LacunaException bad(String name, String what) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        name + ": " + what + " (a WAV file is wanted: PCM or 32-bit floating point, 8 to 48 kHz)");
  }
}
