package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The cache file of clips, little-endian: magic (8 bytes), number of clips and values per clip
 * (int32), labels and splits (a byte each per clip), features (float32), CRC-32 of all that
 * (int64). What the features depend on, speakers among it, is in the file's name.
 */
final class ClipFile {
  private static final byte[] MAGIC = "LACCLIP1".getBytes(US_ASCII);
  private static final int HEADER = 16;
  private static final int TRAILER = 8;

  private ClipFile() {}

  static void write(Path file, DigitPool clips) {
    int count = clips.size();
    int width = clips.features()[0].length;
    ByteBuffer out =
        ByteBuffer.allocate(Math.toIntExact(length(count, width))).order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(count).putInt(width).put(clips.labels());
    for (Part part : clips.parts()) {
      out.put((byte) part.code());
    }
    for (float[] feature : clips.features()) {
      out.asFloatBuffer().put(feature);
      out.position(out.position() + Float.BYTES * width);
    }
    out.putLong(checksum(out.array(), out.position()));
    AtomicFile.write(file, out.flip());
  }

  /**
   * Reads a file; a {@link LacunaException} says what is wrong with it.
   *
   * @param speakers one a clip
   */
  static DigitPool read(Path file, int width, List<String> speakers) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + ": cannot be read: " + e, e);
    }
    return parse(bytes, width, speakers, file.toString());
  }

  static DigitPool parse(byte[] bytes, int width, List<String> speakers, String name) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < HEADER + TRAILER
        || !in.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
      throw bad(name, "no clip file");
    }
    in.position(MAGIC.length);
    int count = in.getInt();
    int found = in.getInt();
    if (count != speakers.size() || found != width || length(count, width) != bytes.length) {
      throw bad(
          name,
          bytes.length
              + " bytes, header says "
              + count
              + " clips of "
              + found
              + " values, want "
              + speakers.size()
              + " clips of "
              + width);
    }
    int end = bytes.length - TRAILER;
    if (in.getLong(end) != checksum(bytes, end)) {
      throw bad(name, "checksum does not fit");
    }
    byte[] labels = new byte[count];
    in.get(labels);
    Part[] parts = new Part[count];
    for (int i = 0; i < count; i++) {
      parts[i] = Part.of(in.get());
    }
    float[][] features = new float[count][width];
    for (float[] feature : features) {
      in.asFloatBuffer().get(feature);
      in.position(in.position() + Float.BYTES * width);
    }
    return new DigitPool(labels, parts, features, speakers);
  }

  private static long length(int count, int width) {
    return HEADER + count * (2L + (long) Float.BYTES * width) + TRAILER;
  }

  private static long checksum(byte[] bytes, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, 0, length);
    return crc.getValue();
  }

  private static LacunaException bad(String name, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, name + ": " + what);
  }
}
