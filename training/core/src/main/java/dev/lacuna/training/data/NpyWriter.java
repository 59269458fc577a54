package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Writes NumPy's {@code .npy} files of version 1.0, little-endian and in C order, which {@code
 * numpy.load} reads. A file is there whole or not at all.
 */
public final class NpyWriter {
  /** Numbers begin at a multiple of so many bytes. */
  private static final int ALIGNMENT = 64;

  private NpyWriter() {}

  /**
   * Writes floats.
   *
   * @param values row-major
   * @param shape sizes, none of a single number; their product is the number of values
   */
  public static void write(Path file, float[] values, int... shape) {
    ByteBuffer out = begin("<f4", Float.BYTES, values.length, shape);
    out.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    AtomicFile.write(file, out.rewind());
  }

  /** Writes doubles, likewise. */
  public static void write(Path file, double[] values, int... shape) {
    ByteBuffer out = begin("<f8", Double.BYTES, values.length, shape);
    out.duplicate().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().put(values);
    AtomicFile.write(file, out.rewind());
  }

  /** The header, with room for the numbers behind it. */
  private static ByteBuffer begin(String type, int bytes, int count, int... shape) {
    long size = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    if (size != count || Arrays.stream(shape).anyMatch(d -> d < 0)) {
      throw new IllegalArgumentException(
          count + " values for shape " + Arrays.toString(shape) + ", want their product");
    }
    // Python writes a single size with a comma behind it
    String sizes =
        Arrays.stream(shape).mapToObj(d -> d + ",").collect(Collectors.joining(" ", "(", ")"));
    String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + sizes + ", }";
    int before = NpyReader.PREAMBLE + Short.BYTES;
    int start = Math.ceilDiv(before + header.length() + 1, ALIGNMENT) * ALIGNMENT;
    ByteBuffer out =
        ByteBuffer.allocate(Math.addExact(start, Math.multiplyExact(bytes, count)))
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(NpyReader.MAGIC).put((byte) 1).put((byte) 0).putShort((short) (start - before));
    out.put((header + " ".repeat(start - before - header.length() - 1) + "\n").getBytes(US_ASCII));
    return out;
  }
}
