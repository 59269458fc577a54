package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Reads the two IDX files that MNIST comes in: unsigned bytes [n, height, width] and [n].
 *
 * <p>The file must have exactly the length that its header says, and memory is asked for only after
 * that check: at most twice the file.
 */
public final class IdxReader {
  private static final int LABELS_MAGIC = 0x0801;
  private static final int IMAGES_MAGIC = 0x0803;

  private IdxReader() {}

  /**
   * Grey images.
   *
   * @param count number of images
   * @param height rows of an image
   * @param width columns of an image
   * @param pixels count * height * width unsigned bytes, row-major
   */
  public record Images(int count, int height, int width, byte[] pixels) {
    /** Pixels of one image. */
    public int size() {
      return height * width;
    }
  }

  /** Reads an {@code idx3-ubyte} file; a {@link LacunaException} names the file and the fault. */
  public static Images images(Path file) {
    return parseImages(bytes(file), file.toString());
  }

  /** Reads an {@code idx1-ubyte} file; a {@link LacunaException} names the file and the fault. */
  public static byte[] labels(Path file) {
    return parseLabels(bytes(file), file.toString());
  }

  static Images parseImages(byte[] bytes, String name) {
    int[] sizes = header(bytes, IMAGES_MAGIC, 3, name);
    byte[] pixels = Arrays.copyOfRange(bytes, 16, bytes.length);
    return new Images(sizes[0], sizes[1], sizes[2], pixels);
  }

  static byte[] parseLabels(byte[] bytes, String name) {
    header(bytes, LABELS_MAGIC, 1, name);
    return Arrays.copyOfRange(bytes, 8, bytes.length);
  }

  private static int[] header(byte[] bytes, int magic, int dimensions, String name) {
    int length = 4 + 4 * dimensions;
    if (bytes.length < length) {
      throw bad(name, bytes.length + " bytes, want an IDX header of " + length);
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    int found = in.getInt();
    if (found != magic) {
      throw bad(
          name,
          String.format(
              "starts with 0x%08x, want 0x%08x (unsigned bytes, %d dimensions)",
              found, magic, dimensions));
    }
    int[] sizes = new int[dimensions];
    long expected = 1;
    for (int i = 0; i < dimensions; i++) {
      sizes[i] = in.getInt();
      if (sizes[i] <= 0) {
        throw bad(name, "dimension " + i + " is " + sizes[i] + ", want > 0");
      }
      // stays below 2^62: a product past the length of the file is already an error
      expected = Math.min(expected * sizes[i], Integer.MAX_VALUE + 1L);
    }
    if (expected != bytes.length - length) {
      throw bad(
          name,
          "header says "
              + Arrays.toString(sizes)
              + ", "
              + (bytes.length - length)
              + " bytes follow: truncated, or not this format");
    }
    return sizes;
  }

  private static byte[] bytes(Path file) {
    if (!Files.isRegularFile(file)) {
      throw bad(file.toString(), "no such file");
    }
    try {
      long size = Files.size(file);
      if (size > Integer.MAX_VALUE - 16) {
        throw bad(file.toString(), size + " bytes, want less than 2 GiB");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static LacunaException bad(String name, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, name + ": " + what);
  }
}
