package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.color.ColorSpace;
import java.awt.image.BandedSampleModel;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFeaturesTest {
  @ParameterizedTest
  @ValueSource(strings = {"png", "bmp", "gif", "tiff"})
  void greyPixelsAreReadAsTheyAreWritten(String format) throws IOException {
    // of all values; the JDK's GIF writer spoils images of 3 rows
    BufferedImage image = Pictures.grey(16, 16, (x, y) -> x + 16 * y);
    float[] features = new ImageFeatures(16, 1).parse(Pictures.file(image, format), "grey");
    for (int i = 0; i < 256; i++) {
      assertEquals(i / 255f, features[i], 1e-6, "pixel " + i);
    }
  }

  @Test
  void greyJpegKeepsItsBrightness() throws IOException {
    byte[] file = Pictures.file(Pictures.grey(8, 8, (_, _) -> 128), "jpg");
    assertEquals(128 / 255f, new ImageFeatures(1, 1).parse(file, "grey.jpg")[0], 0.01);
  }

  @Test
  void sixteenBitsAreScaledToOne() throws IOException {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    image.getRaster().setSample(0, 0, 0, 65_535);
    image.getRaster().setSample(1, 0, 0, 13_107);
    float[] features = new ImageFeatures(2, 1).parse(Pictures.file(image, "png"), "deep.png");
    assertArrayEquals(new float[] {1, 0.2f, 1, 0.2f}, features, 1e-6f);
  }

  @Test
  void coloursBecomeGreyByTheirBrightness() throws IOException {
    int[] colours = {0xFFFF0000, 0xFF00FF00, 0xFF0000FF, 0xFFFFFFFF};
    byte[] file = Pictures.file(Pictures.argb(2, 2, (x, y) -> colours[x + 2 * y]), "png");
    assertArrayEquals(
        new float[] {0.299f, 0.587f, 0.114f, 1}, new ImageFeatures(2, 1).parse(file, "c"), 1e-6f);
    assertArrayEquals(
        new float[] {1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1},
        new ImageFeatures(2, 3).parse(file, "c"),
        1e-6f);
  }

  @Test
  void whatIsTransparentShowsWhite() throws IOException {
    int[] pixels = {0x00000000, 0xFF000000, 0x80000000, 0x00FF0000};
    byte[] file = Pictures.file(Pictures.argb(2, 2, (x, y) -> pixels[x + 2 * y]), "png");
    assertArrayEquals(
        new float[] {1, 0, 1 - 128 / 255f, 1}, new ImageFeatures(2, 1).parse(file, "a"), 1e-6f);
  }

  @Test
  void greyWithAlphaIsPutOnWhite() throws IOException {
    WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 2, 1, 2, null);
    raster.setPixel(0, 0, new int[] {51, 255});
    raster.setPixel(1, 0, new int[] {51, 51});
    BufferedImage image =
        new BufferedImage(
            new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_GRAY),
                true,
                false,
                ComponentColorModel.TRANSLUCENT,
                DataBuffer.TYPE_BYTE),
            raster,
            false,
            null);
    float[] features = new ImageFeatures(2, 3).parse(Pictures.file(image, "png"), "ga.png");
    for (int channel = 0; channel < 3; channel++) {
      assertEquals(0.2f, features[4 * channel], 1e-6);
      assertEquals(0.2f * 0.2f + 0.8f, features[4 * channel + 1], 1e-6);
    }
  }

  @Test
  void areasAreAveraged() throws IOException {
    // 4 x 2 to 2 x 2: pairs of columns; 3 x 3 to 2 x 2: the middle counts for both sides
    byte[] wide = Pictures.file(Pictures.grey(4, 2, (x, y) -> 10 * x + 100 * y), "png");
    assertArrayEquals(
        new float[] {5 / 255f, 25 / 255f, 105 / 255f, 125 / 255f},
        new ImageFeatures(2, 1).parse(wide, "wide"),
        1e-6f);
    byte[] three = Pictures.file(Pictures.grey(3, 3, (x, _) -> 90 * x), "png");
    assertArrayEquals(
        new float[] {30 / 255f, 150 / 255f, 30 / 255f, 150 / 255f},
        new ImageFeatures(2, 1).parse(three, "three"),
        1e-6f);
  }

  @Test
  void theMeanStaysWhateverTheSizes() throws IOException {
    BufferedImage image = Pictures.grey(13, 7, (x, y) -> (97 * x + 31 * y) % 256);
    double mean = 0;
    for (int i = 0; i < 91; i++) {
      mean += (97 * (i % 13) + 31 * (i / 13)) % 256 / (255.0 * 91);
    }
    byte[] file = Pictures.file(image, "png");
    for (int size : new int[] {1, 2, 5, 7, 13, 28, 91}) {
      float[] features = new ImageFeatures(size, 1).parse(file, "any");
      double found = 0;
      for (float value : features) {
        found += value / features.length;
      }
      assertEquals(mean, found, 1e-5, "size " + size);
    }
  }

  @Test
  void pixelsOfAnIdxFileAreScaledAlike() {
    float[] pixels = {0, 0.2f, 0.4f, 0.6f};
    assertArrayEquals(pixels, new ImageFeatures(2, 1).scale(pixels, 2, 2), 1e-7f);
    assertEquals(0.3f, new ImageFeatures(1, 1).scale(pixels, 2, 2)[0], 1e-6);
    assertArrayEquals(
        new float[] {0.3f, 0.3f, 0.3f}, new ImageFeatures(1, 3).scale(pixels, 2, 2), 1e-6f);
  }

  @Test
  void whatIsNoImageIsNamed(@TempDir Path folder) throws IOException {
    ImageFeatures images = new ImageFeatures(2, 1);
    Path empty = Files.createFile(folder.resolve("empty.png"));
    assertMessage(() -> images.read(empty), "empty.png: 0 bytes, not an image");
    assertMessage(() -> images.read(folder.resolve("none.png")), "none.png: no such file");
    assertMessage(() -> images.read(folder), "no such file");
    assertMessage(() -> images.parse(new byte[] {1, 2, 3}, "x.png"), "x.png: 3 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpg", "gif", "bmp", "tiff"})
  void aFileThatEndsEarlyIsRefused(String format) throws IOException {
    byte[] file =
        Pictures.file(Pictures.grey(40, 40, (x, y) -> (x * x * 7 + y * 31 + x * y) % 256), format);
    for (int length = 0; length < file.length - 40; length += 7) {
      byte[] cut = Arrays.copyOf(file, length);
      assertMessage(() -> new ImageFeatures(4, 1).parse(cut, "cut"), "cut: ");
    }
  }

  @Test
  void aHeaderThatPromisesMillionsOfPixelsIsRefused() throws IOException {
    byte[] file = Pictures.png(1);
    ByteBuffer.wrap(file).putInt(16, 60_000).putInt(20, 60_000);
    CRC32 crc = new CRC32();
    crc.update(file, 12, 17);
    ByteBuffer.wrap(file).putInt(29, (int) crc.getValue());
    assertMessage(
        () -> new ImageFeatures(4, 1).parse(file, "bomb.png"), "bomb.png: 60000 x 60000 pixels");
  }

  @Test
  void everyFlippedBitOfAPngFileIsNoticed() throws IOException {
    byte[] good = Pictures.png(1);
    for (int i = 0; i < 8 * (good.length - 4); i++) { // the last four are the checksum of IEND
      byte[] flipped = good.clone();
      flipped[i / 8] ^= (byte) (1 << i % 8);
      assertMessage(() -> new ImageFeatures(6, 1).parse(flipped, "flipped.png"), "flipped.png: ");
    }
    byte[] pixel = good.clone();
    pixel[good.length - 20] ^= 1;
    assertMessage(
        () -> new ImageFeatures(6, 1).parse(pixel, "flipped.png"),
        "flipped.png: damaged image: the checksum of chunk IDAT does not fit");
  }

  @Test
  void aChunkThatPromisesGigabytesIsRefused() throws IOException {
    byte[] file = Pictures.png(1);
    ByteBuffer.wrap(file).putInt(33, Integer.MAX_VALUE - 8);
    assertMessage(
        () -> new ImageFeatures(4, 1).parse(file, "bomb.png"),
        "bomb.png: damaged image: chunk IDAT says 2147483639 bytes, but");
  }

  @Test
  void anImageWithinABmpFileIsRefused() throws IOException {
    byte[] file = Pictures.file(Pictures.grey(9, 9, (x, y) -> x * y), "bmp");
    ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(30, 4).putInt(34, Integer.MAX_VALUE); // JPEG, and its size
    assertMessage(
        () -> new ImageFeatures(4, 1).parse(file, "bomb.bmp"),
        "bomb.bmp: BMP with compression 4, want 0 to 3");
  }

  @Test
  void floatingPointPixelsAreRefused() throws IOException {
    BufferedImage image =
        new BufferedImage(
            new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_GRAY),
                false,
                false,
                ComponentColorModel.OPAQUE,
                DataBuffer.TYPE_FLOAT),
            Raster.createWritableRaster(
                new BandedSampleModel(DataBuffer.TYPE_FLOAT, 20, 20, 1), null),
            false,
            null);
    byte[] file = Pictures.file(image, "tiff");
    assertMessage(
        () -> new ImageFeatures(2, 1).parse(file, "float.tiff"), "float.tiff: 32 bits a pixel");
  }
}
