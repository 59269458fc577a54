package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One of MNIST's two pairs of files.
 *
 * @param images the images
 * @param labels a label of each
 * @param file the labels' file, for messages
 */
public record LabelledImages(IdxReader.Images images, byte[] labels, Path file) {
  /**
   * The training samples of a folder in MNIST's layout.
   *
   * @throws LacunaException where a file is damaged, or a label is not below classes
   */
  public static LabelledImages train(Path folder, int classes) {
    return read(folder, MnistImages.TRAIN_IMAGES, MnistImages.TRAIN_LABELS, classes);
  }

  /** The test samples, likewise. */
  public static LabelledImages test(Path folder, int classes) {
    return read(folder, MnistImages.TEST_IMAGES, MnistImages.TEST_LABELS, classes);
  }

  /** Whether a folder has the first of the four files. */
  public static boolean isFolder(Path folder) {
    return Files.isRegularFile(folder.resolve(MnistImages.TRAIN_IMAGES));
  }

  private static LabelledImages read(Path folder, String imageFile, String labelFile, int classes) {
    IdxReader.Images images = IdxReader.images(folder.resolve(imageFile));
    byte[] labels = IdxReader.labels(folder.resolve(labelFile));
    if (images.count() != labels.length) {
      throw bad(
          folder.resolve(labelFile)
              + ": "
              + labels.length
              + " labels for "
              + images.count()
              + " images");
    }
    for (int sample = 0; sample < labels.length; sample++) {
      int label = labels[sample] & 0xFF;
      if (label >= classes) {
        throw bad(
            folder.resolve(labelFile)
                + ": sample "
                + sample
                + " has label "
                + label
                + ", want 0 to "
                + (classes - 1));
      }
    }
    return new LabelledImages(images, labels, folder.resolve(labelFile));
  }

  /** Number of samples. */
  public int size() {
    return labels.length;
  }

  /** The label of a sample, 0 to 255. */
  public int label(int index) {
    return labels[index] & 0xFF;
  }

  /** The pixels of a sample, [height, width] row by row, from 0 to 1. */
  public float[] image(int index) {
    float[] image = new float[images.size()];
    for (int i = 0; i < image.length; i++) {
      image[i] = (images.pixels()[index * image.length + i] & 0xFF) / 255f;
    }
    return image;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
