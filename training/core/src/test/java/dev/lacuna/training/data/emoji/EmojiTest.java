package dev.lacuna.training.data.emoji;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmojiTest {
  @TempDir Path folder;

  @Test
  void theTwoTablesAreJoinedByCodesWithOrWithoutVariationSelectors() throws IOException {
    EmojiFiles files =
        EmojiFolder.in(folder)
            .pictured("2695-FE0F", "Symbols", 0)
            .pictured("1F469-200D-2695-FE0F", "People & Body", 0)
            .pictured("1F600", "Smileys & Emotion", 0)
            .named("1F469-200D-2695-FE0F", "woman health worker", "doctor", "nurse")
            .named("2695", "medical symbol", "staff")
            .named("1F600", "grinning face")
            .write();
    assertEquals(
        List.of(
            new Emoji(
                "1F469-200D-2695-FE0F", "1F9D1-2695", 1, "woman health worker, doctor, nurse"),
            new Emoji("1F600", "1F600", 0, "grinning face"),
            new Emoji("2695-FE0F", "2695", 7, "medical, staff")),
        Emoji.all(files));
  }

  @Test
  void componentsAreNoEmoji() throws IOException {
    EmojiFiles files =
        EmojiFolder.in(folder)
            .add("1F600", "Smileys & Emotion", "grinning face")
            .pictured("1F3FB", "Component", 0)
            .write();
    assertEquals(1, Emoji.all(files).size());
  }

  @Test
  void faultsAreNamed() throws IOException {
    EmojiFiles category = EmojiFolder.in(folder.resolve("a")).add("1F600", "Faces", "face").write();
    assertMessage(() -> Emoji.all(category), "emoji.json: entry 0", "'Faces'", "Food & Drink");
    EmojiFiles nameless =
        EmojiFolder.in(folder.resolve("b")).pictured("1F600", "Objects", 0).write();
    assertMessage(() -> Emoji.all(nameless), "entry 0 is 1F600", "data.json does not have");
    EmojiFiles twice =
        EmojiFolder.in(folder.resolve("c"))
            .add("1F600", "Objects", "a")
            .add("1F600", "Objects", "b")
            .write();
    assertMessage(() -> Emoji.all(twice), "1F600 is there twice");
    EmojiFiles path = EmojiFolder.in(folder.resolve("d")).named("../1F600", "a", "b").write();
    assertMessage(() -> Emoji.all(path), "data.json: entry 0", "hexcode is '../1F600'");
    Files.writeString(path.english(), "[]");
    Files.writeString(path.catalog(), "[{\"unified\": \"1F600\"}]");
    assertMessage(() -> Emoji.all(path), "emoji.json: entry 0 has no text 'category'");
    Files.writeString(path.catalog(), "{}");
    assertMessage(() -> Emoji.all(path), "emoji.json: want a list");
    Files.writeString(path.catalog(), "[{");
    assertMessage(() -> Emoji.all(path), "emoji.json is damaged");
    Files.delete(path.catalog());
    assertMessage(() -> Emoji.all(path), "emoji.json cannot be read");
  }
}
