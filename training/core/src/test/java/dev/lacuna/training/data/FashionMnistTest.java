package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clothing from a package that is installed, and from one that a stand-in for apt-get leaves. */
class FashionMnistTest {
  @TempDir Path folder;
  private Path idx;
  private Path zipped;
  private Path data;
  private Path missing;
  private final Progress quiet = new PlainProgress(new PrintStream(new ByteArrayOutputStream()));

  @BeforeEach
  void pack() throws IOException {
    idx = folder.resolve("idx");
    zipped = folder.resolve("tree/usr/share/datasets/fashion-mnist");
    data = folder.resolve("data");
    missing = folder.resolve("missing");
    Idx.mnist(idx, 12, 7);
    Files.createDirectories(zipped);
    for (String name : MnistImages.FILES) {
      try (OutputStream out =
          new GZIPOutputStream(Files.newOutputStream(zipped.resolve(name + ".gz")))) {
        out.write(Files.readAllBytes(idx.resolve(name)));
      }
    }
  }

  private void assertComplete() throws IOException {
    for (String name : MnistImages.FILES) {
      assertArrayEquals(
          Files.readAllBytes(idx.resolve(name)),
          Files.readAllBytes(data.resolve("fashion-mnist").resolve(name)));
    }
    LabelledImages test = LabelledImages.test(data.resolve("fashion-mnist"), FashionMnist.CLASSES);
    assertEquals(7, test.size());
  }

  private String program(String... lines) throws IOException {
    Path script = folder.resolve("apt-get");
    Files.write(script, List.of("#!/bin/sh", String.join("\n", lines)));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script.toString();
  }

  @Test
  void anInstalledPackageIsUnpacked() throws IOException {
    FashionMnist.locate(data, zipped, folder.resolve("no-program").toString(), quiet);
    assertComplete();
  }

  @Test
  void whatIsThereIsTakenAsItIs() throws IOException {
    FashionMnist.locate(data, zipped, "apt-get", quiet);
    FashionMnist.locate(data, missing, folder.resolve("no-program").toString(), quiet);
    assertComplete();
  }

  @Test
  void aPackageIsFetchedAndUnpacked() throws IOException {
    Path control = folder.resolve("tree/DEBIAN/control");
    Files.createDirectories(control.getParent());
    Files.writeString(
        control,
        """
        Package: dataset-fashion-mnist
        Version: 1
        Architecture: all
        Maintainer: nobody <nobody@example.org>
        Description: clothing
        """);
    String aptGet =
        program(
            "test \"$1 $2\" = 'download dataset-fashion-mnist' || exit 3",
            "dpkg-deb -b '" + folder.resolve("tree") + "' dataset-fashion-mnist_1_all.deb");
    FashionMnist.locate(data, missing, aptGet, quiet);
    assertComplete();
  }

  @Test
  void aFetchThatFailsSaysWhatToDoAndLeavesNothing() throws IOException {
    String fails = program("echo no such package", "exit 100");
    assertMessage(
        () -> FashionMnist.locate(data, missing, fails, quiet),
        "ended with 100: no such package",
        "apt-get install dataset-fashion-mnist",
        data.resolve("fashion-mnist").toString());
    String nothing = program("exit 0");
    assertMessage(
        () -> FashionMnist.locate(data, missing, nothing, quiet),
        "apt-get download has left no package dataset-fashion-mnist");
    assertFalse(Files.exists(data.resolve("fashion-mnist")));
  }

  @Test
  void aPackageThatLacksAFileIsNamed() throws IOException {
    Path labels = zipped.resolve(MnistImages.TEST_LABELS + ".gz");
    Files.delete(labels);
    assertMessage(
        () -> FashionMnist.locate(data, zipped, "apt-get", quiet),
        labels + ": no such file",
        "dataset-fashion-mnist");
    assertFalse(Files.exists(data.resolve("fashion-mnist")));
  }
}
