package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Files in NumPy's format, made by hand. */
public final class NpyFiles {
  private NpyFiles() {}

  /** Of version 1, in C order. */
  public static byte[] of(String type, String shape, byte[] numbers) {
    return of(
        1,
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n",
        numbers);
  }

  /** With any header. */
  public static byte[] of(int version, String header, byte[] numbers) {
    byte[] text = header.getBytes(UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(12 + text.length + numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    out.put(NpyReader.MAGIC).put((byte) version).put((byte) 0);
    if (version == 1) {
      out.putShort((short) text.length);
    } else {
      out.putInt(text.length);
    }
    out.put(text).put(numbers);
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }
}
