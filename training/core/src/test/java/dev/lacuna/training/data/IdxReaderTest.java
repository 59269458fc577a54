package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxReaderTest {
  @TempDir Path folder;

  @Test
  void imagesAndLabelsAreRead() throws IOException {
    byte[] file = Idx.images(5, 3, 2);
    IdxReader.Images images = IdxReader.images(Files.write(folder.resolve("images"), file));
    assertEquals(5, images.count());
    assertEquals(3, images.height());
    assertEquals(2, images.width());
    assertArrayEquals(Arrays.copyOfRange(file, 16, file.length), images.pixels());
    assertArrayEquals(
        new byte[] {3, 1, 4},
        IdxReader.labels(Files.write(folder.resolve("labels"), Idx.labels(3, 1, 4))));
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] good = Idx.images(2, 2, 2);
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertMessage(() -> IdxReader.parseImages(cut, "cut-idx3"), "cut-idx3");
    }
    assertMessage(
        () -> IdxReader.parseImages(Arrays.copyOf(good, 20), "cut-idx3"),
        "header says [2, 2, 2], 4 bytes follow");
    assertMessage(
        () -> IdxReader.parseLabels(Arrays.copyOf(Idx.labels(1, 2), 9), "cut-idx1"), "cut-idx1");
  }

  @Test
  void aFileThatIsTooLongIsRefused() {
    assertMessage(
        () -> IdxReader.parseImages(Arrays.copyOf(Idx.images(2, 2, 2), 25), "long"),
        "9 bytes follow");
  }

  @Test
  void theWrongMagicIsNamed() {
    assertMessage(
        () -> IdxReader.parseImages(Arrays.copyOf(Idx.labels(1), 30), "labels"),
        "starts with 0x00000801, want 0x00000803");
    assertMessage(() -> IdxReader.parseLabels(Idx.images(1, 1, 1), "images"), "want 0x00000801");
  }

  @Test
  void hostileSizesAreRefused() {
    for (int[] sizes :
        new int[][] {
          {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE},
          {1 << 16, 1 << 16, 1 << 16},
          {1 << 30, 4, 1},
          {-1, -1, 8},
          {0, 2, 2}
        }) {
      byte[] file = Idx.images(2, 2, 2);
      ByteBuffer.wrap(file, 4, 12).putInt(sizes[0]).putInt(sizes[1]).putInt(sizes[2]);
      assertMessage(() -> IdxReader.parseImages(file, "hostile"), "hostile");
    }
  }

  @Test
  void aMissingFileIsNamed() {
    assertMessage(() -> IdxReader.labels(folder.resolve("none")), "none: no such file");
    assertMessage(() -> IdxReader.images(folder), "no such file");
  }
}
