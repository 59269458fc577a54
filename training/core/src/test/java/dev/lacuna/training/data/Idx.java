package dev.lacuna.training.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** IDX files made for tests. */
public final class Idx {
  private Idx() {}

  static byte[] images(int count, int height, int width) {
    ByteBuffer out = ByteBuffer.allocate(16 + count * height * width);
    out.putInt(0x0803).putInt(count).putInt(height).putInt(width);
    for (int i = 0; out.hasRemaining(); i++) {
      out.put((byte) (37 * i));
    }
    return out.array();
  }

  static byte[] labels(int... labels) {
    ByteBuffer out = ByteBuffer.allocate(8 + labels.length);
    out.putInt(0x0801).putInt(labels.length);
    for (int label : labels) {
      out.put((byte) label);
    }
    return out.array();
  }

  /** The four files, with labels 0, 1, ... 9, 0, ... and images of 4 x 4. */
  public static void mnist(Path folder, int train, int test) throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve(MnistImages.TRAIN_IMAGES), images(train, 4, 4));
    Files.write(folder.resolve(MnistImages.TRAIN_LABELS), labels(cycle(train)));
    Files.write(folder.resolve(MnistImages.TEST_IMAGES), images(test, 4, 4));
    Files.write(folder.resolve(MnistImages.TEST_LABELS), labels(cycle(test)));
  }

  private static int[] cycle(int count) {
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 10;
    }
    return labels;
  }
}
