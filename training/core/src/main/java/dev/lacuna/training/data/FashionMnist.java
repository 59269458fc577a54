package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Fashion-MNIST (Zalando, MIT licence): small grey pictures of ten kinds of clothing in the layout
 * of MNIST. It comes from Debian's package dataset-fashion-mnist, where that is installed, or else
 * the package is fetched, which takes no special rights.
 */
public final class FashionMnist {
  /** Number of kinds. */
  public static final int CLASSES = 10;

  /** The folder's name in the data folder. */
  private static final String FOLDER = "fashion-mnist";

  private static final String PACKAGE = "dataset-fashion-mnist";
  private static final Path INSTALLED = Path.of("/usr/share/datasets/fashion-mnist");

  private FashionMnist() {}

  /**
   * The folder with the four files: {@code fashion-mnist} in the data folder, which is made where
   * it is not there.
   */
  public static Path locate(Path folder, Progress progress) {
    return locate(folder, INSTALLED, "apt-get", progress);
  }

  static Path locate(Path folder, Path installed, String aptGet, Progress progress) {
    DataFolder.make(
        folder,
        FOLDER,
        (staging, filled) -> {
          if (Files.isDirectory(installed)) {
            unzip(installed, filled);
            return;
          }
          progress.note("fetching Fashion-MNIST: Debian's package " + PACKAGE + ", 31 MB");
          String remedy =
              "install Debian's package "
                  + PACKAGE
                  + " (apt-get update, apt-get install "
                  + PACKAGE
                  + "), or put the four IDX files of Fashion-MNIST, unzipped, into "
                  + folder.resolve(FOLDER);
          Command.run(staging, remedy, List.of(aptGet, "download", PACKAGE));
          Path unpacked = Files.createDirectory(staging.resolve("unpacked"));
          Command.run(
              staging,
              remedy,
              List.of("dpkg-deb", "-x", deb(staging).toString(), unpacked.toString()));
          unzip(unpacked.resolve(Path.of("/").relativize(INSTALLED)), filled);
        });
    return folder.resolve(FOLDER);
  }

  private static Path deb(Path staging) throws IOException {
    try (var files = Files.list(staging)) {
      return files
          .filter(file -> file.toString().endsWith(".deb"))
          .findFirst()
          .orElseThrow(() ->
              new LacunaException(
                  Status.INVALID_ARGUMENT, "apt-get download has left no package " + PACKAGE));
    }
  }

  private static void unzip(Path from, Path to) throws IOException {
    for (String name : MnistImages.FILES) {
      Path zipped = from.resolve(name + ".gz");
      if (!Files.isRegularFile(zipped)) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT, zipped + ": no such file; it is part of " + PACKAGE);
      }
      try (InputStream in = new GZIPInputStream(Files.newInputStream(zipped))) {
        Files.copy(in, to.resolve(name));
      }
    }
  }
}
