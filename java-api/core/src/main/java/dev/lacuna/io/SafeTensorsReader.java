package dev.lacuna.io;

import static dev.lacuna.io.SafeTensors.damaged;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.io.SafeTensors.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads {@link SafeTensors} token by token: a hostile header's tree takes many times its bytes. */
final class SafeTensorsReader {
  private static final int MAX_HEADER = 100_000_000;
  private static final int MAX_EXTENTS = 64;
  private static final int LONGEST_TEXT = 40;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final JsonParser header;
  private final ByteBuffer data;
  private final SafeTensors result = new SafeTensors();

  /** Bytes of data that no tensor has taken yet. */
  private long unclaimed;

  private SafeTensorsReader(Path file, JsonParser header, ByteBuffer data) {
    this.file = file;
    this.header = header;
    this.data = data;
    unclaimed = data.limit();
  }

  /**
   * Reads a file's content.
   *
   * @throws IllegalArgumentException naming the file and the place
   */
  static SafeTensors read(Path file, byte[] content) {
    ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    long headerLength = bytes.getLong(0);
    if (headerLength < 2 || headerLength > Math.min(MAX_HEADER, bytes.limit() - 8)) {
      throw damaged(
          file, "states a header of " + headerLength + " bytes in a file of " + bytes.limit());
    }
    int dataStart = 8 + (int) headerLength;
    ByteBuffer data = bytes.slice(dataStart, bytes.limit() - dataStart);
    try (JsonParser header = JSON.createParser(content, 8, (int) headerLength)) {
      return new SafeTensorsReader(file, header, data).read();
    } catch (IOException e) {
      throw damaged(file, "its header is not JSON: " + e.getMessage());
    }
  }

  private SafeTensors read() throws IOException {
    header.nextToken();
    requireObject("its header");
    while (header.nextToken() == JsonToken.FIELD_NAME) {
      String name = header.currentName();
      header.nextToken();
      if (name.equals("__metadata__")) {
        metadata();
      } else if (result.tensors().put(name, tensor(name)) != null) {
        throw damaged(file, "tensor " + name + " is there twice");
      }
    }
    if (header.nextToken() != null) {
      throw damaged(file, "its header goes on behind its end");
    }
    return result;
  }

  private void requireObject(String what) {
    if (header.currentToken() != JsonToken.START_OBJECT) {
      throw damaged(file, what + " is not a JSON object");
    }
  }

  private void metadata() throws IOException {
    requireObject("__metadata__");
    while (header.nextToken() == JsonToken.FIELD_NAME) {
      String key = header.currentName();
      if (!header.nextToken().isScalarValue()) {
        throw damaged(file, "metadata " + key + " is no text");
      }
      result.metadata().put(key, header.getText());
    }
  }

  private Entry tensor(String name) throws IOException {
    requireObject("tensor " + name);
    @Nullable String dtype = null;
    long @Nullable [] shape = null;
    long @Nullable [] offsets = null;
    while (header.nextToken() == JsonToken.FIELD_NAME) {
      String field = header.currentName();
      header.nextToken();
      switch (field) {
        case "dtype" -> dtype = dtype(name);
        case "shape" -> shape = longs(name, MAX_EXTENTS);
        case "data_offsets" -> offsets = longs(name, 2);
        default -> header.skipChildren();
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      throw damaged(file, "tensor " + name + " lacks dtype, shape or data_offsets");
    }
    if (offsets.length != 2
        || offsets[0] < 0
        || offsets[1] < offsets[0]
        || offsets[1] > data.limit()) {
      throw damaged(
          file,
          "tensor "
              + name
              + " lies at "
              + Arrays.toString(offsets)
              + " of "
              + data.limit()
              + " bytes");
    }
    // Tensors that shared bytes would let a small file ask for any amount of memory.
    unclaimed -= offsets[1] - offsets[0];
    if (unclaimed < 0) {
      throw damaged(
          file, "tensor " + name + " overlaps others: there are " + data.limit() + " bytes in all");
    }
    return entry(name, dtype, shape, offsets);
  }

  private Entry entry(String name, String dtype, long[] shape, long[] offsets) {
    long count = 1;
    for (long extent : shape) {
      if (extent < 0 || (extent > 0 && count > Integer.MAX_VALUE / extent)) {
        throw damaged(file, "tensor " + name + " has shape " + Arrays.toString(shape));
      }
      count *= extent;
    }
    int width =
        switch (dtype) {
          case "F32" -> Float.BYTES;
          case "F64" -> Double.BYTES;
          case "F16", "BF16" -> Short.BYTES;
          default -> 0;
        };
    if (width == 0) {
      // such as position_ids, which many files have and nobody asks for
      return Entry.unread(name, dtype, shape);
    }
    if (count * width != offsets[1] - offsets[0]) {
      throw damaged(
          file,
          "tensor "
              + name
              + " "
              + Arrays.toString(shape)
              + " has "
              + (offsets[1] - offsets[0])
              + " bytes, want "
              + count * width);
    }
    ByteBuffer own =
        data.slice((int) offsets[0], (int) (offsets[1] - offsets[0]))
            .order(ByteOrder.LITTLE_ENDIAN);
    if (width == Double.BYTES) {
      double[] values = new double[(int) count];
      own.asDoubleBuffer().get(values);
      return new Entry(shape, values);
    }
    float[] values = new float[(int) count];
    switch (dtype) {
      case "F16" -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = Float.float16ToFloat(own.getShort());
        }
      }
      // the upper half of a float
      case "BF16" -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = Float.intBitsToFloat(own.getShort() << Short.SIZE);
        }
      }
      default -> own.asFloatBuffer().get(values);
    }
    return new Entry(shape, values);
  }

  private String dtype(String name) throws IOException {
    if (header.currentToken() != JsonToken.VALUE_STRING) {
      throw damaged(file, "tensor " + name + " has " + text() + " where its dtype belongs");
    }
    return text();
  }

  /** What stands there, in a message too. */
  private String text() throws IOException {
    int length = header.getTextLength();
    return length <= LONGEST_TEXT ? header.getText() : "a text of " + length + " letters";
  }

  private long[] longs(String name, int most) throws IOException {
    if (header.currentToken() != JsonToken.START_ARRAY) {
      throw damaged(file, "tensor " + name + " has " + text() + " where a list of numbers belongs");
    }
    long[] longs = new long[Math.min(most, 8)];
    int count = 0;
    while (header.nextToken() != JsonToken.END_ARRAY) {
      if (header.currentToken() != JsonToken.VALUE_NUMBER_INT
          || header.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
        throw damaged(file, "tensor " + name + " has " + text() + " where a whole number belongs");
      }
      if (count == most) {
        throw damaged(file, "tensor " + name + " has more than " + most + " numbers in a list");
      }
      if (count == longs.length) {
        longs = Arrays.copyOf(longs, most);
      }
      longs[count++] = header.getLongValue();
    }
    return Arrays.copyOf(longs, count);
  }
}
