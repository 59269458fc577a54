package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads NumPy's {@code .npy} files of versions 1 to 3: little-endian floats of 2, 4 or 8 bytes,
 * whole numbers and truth values, in C order. All become floats. A file is read piece by piece, and
 * nothing is believed of its header that its length does not bear out.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the
 *     format's own description</a>
 */
public final class NpyReader {
  static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Magic and version. */
  static final int PREAMBLE = 8;

  /** More dimensions than NumPy has. */
  private static final int MOST_DIMENSIONS = 64;

  private static final int LONGEST_HEADER = 1 << 16;
  private static final int PIECE = 1 << 16;

  private static final Pattern TYPE =
      Pattern.compile("['\"]descr['\"]\\s*:\\s*(['\"])([^'\"]*)\\1");
  private static final Pattern FIELDS = Pattern.compile("['\"]descr['\"]\\s*:\\s*\\[");
  private static final Pattern FORTRAN =
      Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9L, ]*)\\)");

  private NpyReader() {}

  /** Takes the next number of a file. */
  private interface Decoder {
    double next(ByteBuffer in);
  }

  /**
   * What numbers are.
   *
   * @param name as NumPy writes it
   * @param bytes of a number
   * @param whole whether all are whole
   */
  private record Type(String name, int bytes, boolean whole, Decoder decoder) {}

  /**
   * The beginning of a file.
   *
   * @param length of it, where the numbers begin
   */
  private record Header(Type type, int[] shape, int length) {}

  /**
   * The array of a file. Numbers that a float does not hold are rounded, or become infinite.
   *
   * @throws LacunaException naming the file and what is wrong with it
   */
  public static NpyArray read(Path file) {
    return read(
        file,
        (in, header, count) -> {
          float[] values = new float[count];
          each(in, header, count, (i, value) -> values[i] = (float) value);
          return new NpyArray(header.shape, values);
        });
  }

  /**
   * The sizes of a file's array; its numbers are not looked at.
   *
   * @throws LacunaException naming the file and what is wrong with it
   */
  public static int[] shape(Path file) {
    return read(file, (_, header, _) -> header.shape);
  }

  /**
   * The whole numbers of a file, which has one dimension.
   *
   * @throws LacunaException naming the file and what is wrong with it
   */
  public static int[] wholeNumbers(Path file) {
    return read(
        file,
        (in, header, count) -> {
          if (!header.type.whole || header.shape.length != 1) {
            throw bad(
                file,
                "type "
                    + header.type.name
                    + " of shape "
                    + Arrays.toString(header.shape)
                    + ", want whole numbers of one dimension");
          }
          int[] values = new int[count];
          each(
              in,
              header,
              count,
              (i, value) -> {
                if (value != (int) value) {
                  throw bad(file, String.format("%.0f at position %d, want 32 bits", value, i));
                }
                values[i] = (int) value;
              });
          return values;
        });
  }

  /** Work on an open file. */
  private interface Work<T> {
    T on(InputStream in, Header header, int count) throws IOException;
  }

  private static <T> T read(Path file, Work<T> work) {
    if (!Files.isRegularFile(file)) {
      throw bad(file, "no such file");
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      Header header = header(in, file);
      long count = 1;
      for (int size : header.shape) {
        // stays below 2^62: a product past the length of the file is already an error
        count = Math.min(count * size, Integer.MAX_VALUE + 1L);
      }
      long bytes = Files.size(file) - header.length;
      if (bytes != count * header.type.bytes) {
        throw bad(
            file,
            "header says "
                + Arrays.toString(header.shape)
                + " of "
                + header.type.name
                + ", "
                + bytes
                + " bytes follow: truncated, or not this format");
      }
      if (count > Integer.MAX_VALUE - 16) {
        throw bad(file, "has " + count + " numbers, want fewer than 2^31");
      }
      return work.on(in, header, (int) count);
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + ": cannot be read: " + e, e);
    }
  }

  private static Header header(InputStream in, Path file) throws IOException {
    byte[] preamble = in.readNBytes(PREAMBLE);
    if (preamble.length < PREAMBLE
        || !Arrays.equals(preamble, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw bad(file, "does not begin as a .npy file");
    }
    int version = preamble[MAGIC.length];
    if (version < 1 || version > 3 || preamble[MAGIC.length + 1] != 0) {
      throw bad(
          file, "version " + version + "." + preamble[MAGIC.length + 1] + ", want 1.0, 2.0 or 3.0");
    }
    int width = version == 1 ? Short.BYTES : Integer.BYTES;
    byte[] sized = Arrays.copyOf(in.readNBytes(width), Integer.BYTES);
    int length = ByteBuffer.wrap(sized).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if (length < 0 || length > LONGEST_HEADER) {
      throw bad(
          file,
          "header of " + Integer.toUnsignedString(length) + " bytes, want up to " + LONGEST_HEADER);
    }
    byte[] header = in.readNBytes(length);
    String text = new String(header, version == 1 ? US_ASCII : ISO_8859_1);
    if (header.length < length) {
      throw bad(file, "header of " + header.length + " bytes, it says " + length);
    }
    if (FIELDS.matcher(text).find()) {
      throw bad(file, "has a structured type, want numbers");
    }
    String type = field(TYPE, 2, "descr", text, file);
    if (field(FORTRAN, 1, "fortran_order", text, file).equals("True")) {
      throw bad(file, "is in Fortran order, want C order (numpy.ascontiguousarray)");
    }
    int[] shape = shape(field(SHAPE, 1, "shape", text, file), file);
    return new Header(type(type, file), shape, PREAMBLE + width + length);
  }

  private static String field(Pattern pattern, int group, String name, String header, Path file) {
    Matcher matcher = pattern.matcher(header);
    if (!matcher.find()) {
      throw bad(file, "has no " + name + " in its header, or none that can be read");
    }
    return matcher.group(group);
  }

  private static int[] shape(String text, Path file) {
    String[] sizes = Arrays.stream(text.split(",", -1)).map(String::strip).toArray(String[]::new);
    int dimensions = sizes[sizes.length - 1].isEmpty() ? sizes.length - 1 : sizes.length;
    if (dimensions > MOST_DIMENSIONS) {
      throw bad(file, dimensions + " dimensions, want up to " + MOST_DIMENSIONS);
    }
    int[] shape = new int[dimensions];
    for (int i = 0; i < dimensions; i++) {
      if (!sizes[i].matches("[0-9]{1,9}L?") || sizes[i].matches("0+L?")) {
        throw bad(file, "dimension " + i + " is '" + sizes[i] + "', want 1 to 999999999");
      }
      shape[i] = Integer.parseInt(sizes[i].replace("L", ""));
    }
    return shape;
  }

  private static Type type(String name, Path file) {
    return switch (name) {
      case "<f2" -> new Type(name, 2, false, in -> Float.float16ToFloat(in.getShort()));
      case "<f4" -> new Type(name, 4, false, ByteBuffer::getFloat);
      case "<f8" -> new Type(name, 8, false, ByteBuffer::getDouble);
      case "|b1", "|u1" -> new Type(name, 1, true, in -> in.get() & 0xFF);
      case "|i1" -> new Type(name, 1, true, ByteBuffer::get);
      case "<u2" -> new Type(name, 2, true, ByteBuffer::getChar);
      case "<i2" -> new Type(name, 2, true, ByteBuffer::getShort);
      case "<u4" -> new Type(name, 4, true, in -> in.getInt() & 0xFFFFFFFFL);
      case "<i4" -> new Type(name, 4, true, ByteBuffer::getInt);
      case "<i8" -> new Type(name, 8, true, ByteBuffer::getLong);
      case "<u8" ->
          new Type(
              name,
              8,
              true,
              in -> {
                long value = in.getLong();
                return value >= 0 ? value : 2.0 * (value >>> 1);
              });
      default ->
          throw bad(
              file,
              "has type '"
                  + name
                  + "', want little-endian floats of 2, 4 or 8 bytes, whole numbers or booleans");
    };
  }

  /** Takes a number and its position. */
  private interface Target {
    void take(int position, double value);
  }

  private static void each(InputStream in, Header header, int count, Target target)
      throws IOException {
    int width = header.type.bytes;
    byte[] piece = new byte[(int) Math.min(PIECE, (long) count * width)];
    for (int position = 0; position < count; ) {
      int wanted = Math.min(piece.length / width, count - position);
      if (in.readNBytes(piece, 0, wanted * width) < wanted * width) {
        throw new IOException("it ends at number " + position);
      }
      ByteBuffer numbers = ByteBuffer.wrap(piece).order(ByteOrder.LITTLE_ENDIAN);
      for (int end = position + wanted; position < end; position++) {
        target.take(position, header.type.decoder.next(numbers));
      }
    }
  }

  private static LacunaException bad(Path file, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, file + ": " + what);
  }
}
