package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Images of any format that ImageIO reads and of any size as features [channels, size, size] from 0
 * to 1: what is transparent shows white, and the image is stretched to the square by averaging
 * areas. Of a moving image the first one is taken; a camera's note on how it was held (EXIF) is not
 * looked at.
 */
public final class ImageFeatures {
  private final int size;
  private final int channels;

  /**
   * Features of a size.
   *
   * @param size height and width
   * @param channels 1 for grey, 3 for red, green and blue
   */
  public ImageFeatures(int size, int channels) {
    this.size = size;
    this.channels = channels;
  }

  /**
   * The features of a file, [channels, size, size], each from 0 to 1.
   *
   * @throws LacunaException naming the file where it is not there, damaged or no image
   */
  public float[] read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw bad(file.toString(), "no such file");
    }
    try {
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + ": cannot be read: " + e, e);
    }
  }

  float[] parse(byte[] bytes, String name) {
    BufferedImage image = ImageDecoder.decode(bytes, name);
    int bits = image.getSampleModel().getSampleSize(0);
    boolean grey =
        image.getRaster().getNumBands() <= 2 && !(image.getColorModel() instanceof IndexColorModel);
    if (grey && bits > 16) {
      throw bad(name, bits + " bits a pixel, want 16 or fewer");
    }
    Averaging averaging = new Averaging(image.getWidth(), image.getHeight());
    float[] row = new float[image.getWidth() * channels];
    for (int y = 0; y < image.getHeight(); y++) {
      if (grey) {
        greyRow(image, y, (1 << bits) - 1, row);
      } else {
        colourRow(image, y, row);
      }
      averaging.add(y, row);
    }
    return averaging.result();
  }

  /** Scales grey pixels [height, width], row by row. */
  float[] scale(float[] pixels, int height, int width) {
    Averaging averaging = new Averaging(width, height);
    float[] row = new float[width * channels];
    for (int y = 0; y < height; y++) {
      for (int i = 0; i < row.length; i++) {
        row[i] = pixels[y * width + i / channels];
      }
      averaging.add(y, row);
    }
    return averaging.result();
  }

  /** From the samples themselves: getRGB would take them for linear light and brighten them. */
  private void greyRow(BufferedImage image, int y, int white, float[] row) {
    int width = image.getWidth();
    int[] values = image.getRaster().getSamples(0, y, width, 1, 0, (int[]) null);
    boolean hasAlpha = image.getColorModel().hasAlpha();
    int[] alpha =
        hasAlpha ? image.getRaster().getSamples(0, y, width, 1, 1, (int[]) null) : new int[0];
    for (int x = 0; x < width; x++) {
      float value = values[x] / (float) white;
      if (hasAlpha) {
        value = onWhite(value, alpha[x] / (float) white);
      }
      Arrays.fill(row, x * channels, (x + 1) * channels, value);
    }
  }

  private void colourRow(BufferedImage image, int y, float[] row) {
    int width = image.getWidth();
    int[] pixels = image.getRGB(0, y, width, 1, null, 0, width);
    for (int x = 0; x < width; x++) {
      float alpha = (pixels[x] >>> 24) / 255f;
      float red = onWhite((pixels[x] >> 16 & 0xFF) / 255f, alpha);
      float green = onWhite((pixels[x] >> 8 & 0xFF) / 255f, alpha);
      float blue = onWhite((pixels[x] & 0xFF) / 255f, alpha);
      if (channels == 1) {
        row[x] = 0.299f * red + 0.587f * green + 0.114f * blue;
      } else {
        row[3 * x] = red;
        row[3 * x + 1] = green;
        row[3 * x + 2] = blue;
      }
    }
  }

  private static float onWhite(float value, float alpha) {
    return alpha * value + (1 - alpha);
  }

  /**
   * Averages areas, row by row: in units of 1 / width of a target pixel, source pixel x covers x *
   * size to (x + 1) * size, and target pixel t covers t * width to (t + 1) * width.
   */
  private final class Averaging {
    private final int width;
    private final int height;
    private final double[] sums = new double[channels * size * size];

    Averaging(int width, int height) {
      this.width = width;
      this.height = height;
    }

    void add(int y, float[] row) {
      double[] narrow = new double[size * channels];
      for (int x = 0; x < width; x++) {
        for (int to = first(x, width); to < size && overlap(x, to, width) > 0; to++) {
          double weight = (double) overlap(x, to, width) / width;
          for (int channel = 0; channel < channels; channel++) {
            narrow[to * channels + channel] += weight * row[x * channels + channel];
          }
        }
      }
      for (int to = first(y, height); to < size && overlap(y, to, height) > 0; to++) {
        double weight = (double) overlap(y, to, height) / height;
        for (int i = 0; i < narrow.length; i++) {
          sums[(i % channels * size + to) * size + i / channels] += weight * narrow[i];
        }
      }
    }

    private int first(int from, int extent) {
      return (int) ((long) from * size / extent);
    }

    private long overlap(int from, int to, int extent) {
      long begin = Math.max((long) from * size, (long) to * extent);
      return Math.min((from + 1L) * size, (to + 1L) * extent) - begin;
    }

    float[] result() {
      float[] features = new float[sums.length];
      for (int i = 0; i < features.length; i++) {
        features[i] = (float) sums[i];
      }
      return features;
    }
  }

  private static LacunaException bad(String name, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, name + ": " + what);
  }
}
