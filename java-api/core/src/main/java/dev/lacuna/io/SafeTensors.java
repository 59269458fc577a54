package dev.lacuna.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The safetensors format: 8 bytes little-endian header length, a JSON header {"name": {"dtype",
 * "shape", "data_offsets"}, "__metadata__": {text: text}}, then the data. Of its types F32, F64,
 * F16 and BF16 are known; tensors of others are there without their numbers.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format's own description</a>
 */
public final class SafeTensors implements Weights {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A tensor in memory: F32 where it was made of floats, F64 where of doubles. One that was read
   * from a file in another type than the known ones has no numbers.
   */
  public static final class Entry {
    private static final String F32 = "F32";
    private static final String F64 = "F64";

    private final String name;
    private final String dtype;
    private final long[] shape;
    private final float @Nullable [] narrow;
    private final double @Nullable [] wide;

    /** A tensor of floats, row-major. */
    public Entry(long[] shape, float[] data) {
      this("", F32, shape, data, null);
    }

    /** A tensor of doubles, row-major. */
    public Entry(long[] shape, double[] data) {
      this("", F64, shape, null, data);
    }

    private Entry(
        String name,
        String dtype,
        long[] shape,
        float @Nullable [] narrow,
        double @Nullable [] wide) {
      this.name = name;
      this.dtype = dtype;
      this.shape = shape;
      this.narrow = narrow;
      this.wide = wide;
    }

    /** A tensor without its numbers, whose name they are refused with. */
    static Entry unread(String name, String dtype, long[] shape) {
      return new Entry(name, dtype, shape, null, null);
    }

    /** The extents. */
    public long[] shape() {
      return shape;
    }

    /**
     * The numbers, rounded where they are doubles.
     *
     * @throws IllegalArgumentException where they were read from a file in a type that is not known
     */
    public float[] data() {
      if (narrow != null) {
        return narrow;
      }
      double[] numbers = wide();
      float[] rounded = new float[numbers.length];
      for (int i = 0; i < rounded.length; i++) {
        rounded[i] = (float) numbers[i];
      }
      return rounded;
    }

    /**
     * The numbers as they are.
     *
     * @throws IllegalArgumentException where they were read from a file in a type that is not known
     */
    public double[] doubles() {
      if (narrow == null) {
        return wide();
      }
      double[] widened = new double[narrow.length];
      for (int i = 0; i < widened.length; i++) {
        widened[i] = narrow[i];
      }
      return widened;
    }

    private double[] wide() {
      if (wide == null) {
        throw new IllegalArgumentException(
            "tensor " + name + " has numbers of type " + dtype + ", want F32, F64, F16 or BF16");
      }
      return wide;
    }

    private int width() {
      return narrow != null ? Float.BYTES : Double.BYTES;
    }

    private int length() {
      return narrow != null ? narrow.length : wide().length;
    }

    private ByteBuffer bytes() {
      ByteBuffer bytes =
          ByteBuffer.allocate(Math.multiplyExact(width(), length())).order(ByteOrder.LITTLE_ENDIAN);
      if (narrow != null) {
        bytes.asFloatBuffer().put(narrow);
      } else {
        bytes.asDoubleBuffer().put(wide());
      }
      return bytes;
    }
  }

  /** An empty file. */
  public SafeTensors() {}

  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  /** The tensors by name, in order; add to it before {@link #write}. */
  public Map<String, Entry> tensors() {
    return tensors;
  }

  /** Free text by key. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  @Override
  public long[] shape(String name) {
    return find(name).shape();
  }

  @Override
  public float[] require(String name, long... shape) {
    return entry(name, shape).data();
  }

  private Entry find(String name) {
    Entry entry = tensors.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "the file has no tensor " + name + "; it has " + tensors.keySet());
    }
    return entry;
  }

  /** A tensor that must be there with that shape. */
  public Entry entry(String name, long... shape) {
    Entry entry = find(name);
    if (!Arrays.equals(entry.shape(), shape)) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " is "
              + Arrays.toString(entry.shape())
              + ", want "
              + Arrays.toString(shape));
    }
    return entry;
  }

  /**
   * Writes the file whole or not at all: to a temporary name beside it, forced to disk, then moved
   * over.
   *
   * @throws IllegalArgumentException naming a tensor that has not as many numbers as its shape, or
   *     that was read without its numbers
   */
  public void write(Path file) {
    ObjectNode header = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      metadata.forEach(header.putObject("__metadata__")::put);
    }
    long offset = 0;
    for (Map.Entry<String, Entry> tensor : tensors.entrySet()) {
      long[] shape = tensor.getValue().shape();
      int length = tensor.getValue().length();
      if (Arrays.stream(shape).reduce(1, Math::multiplyExact) != length) {
        throw new IllegalArgumentException(
            "tensor "
                + tensor.getKey()
                + " "
                + Arrays.toString(shape)
                + " has "
                + length
                + " numbers");
      }
      long end = offset + (long) tensor.getValue().width() * length;
      ObjectNode fields = header.putObject(tensor.getKey()).put("dtype", tensor.getValue().dtype);
      ArrayNode extents = fields.putArray("shape");
      Arrays.stream(shape).forEach(extents::add);
      fields.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    writeAtomically(file, padded);
  }

  private void writeAtomically(Path file, byte[] header) {
    Path target = file.toAbsolutePath();
    String name = "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp";
    Path temporary = target.resolveSibling(name);
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer length =
            ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).flip();
        writeFully(channel, length);
        writeFully(channel, ByteBuffer.wrap(header));
        for (Entry tensor : tensors.values()) {
          writeFully(channel, tensor.bytes());
        }
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw new UncheckedIOException("cannot write " + file + ": " + e, e);
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Reads a file; a damaged one is an error that names the place. Takes at most four times the
   * file's size in memory, and beside that a kilobyte a tensor and a few times the metadata.
   */
  public static SafeTensors read(Path file) {
    try {
      long size = Files.size(file);
      if (size < 8 || size > Integer.MAX_VALUE - 8) {
        throw damaged(file, "it has " + size + " bytes, want 8 to 2^31 - 8");
      }
      return SafeTensorsReader.read(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file + ": " + e, e);
    }
  }

  static IllegalArgumentException damaged(Path file, String text) {
    return new IllegalArgumentException(file + " is not a safetensors file: " + text);
  }
}
