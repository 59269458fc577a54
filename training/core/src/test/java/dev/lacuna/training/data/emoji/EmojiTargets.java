package dev.lacuna.training.data.emoji;

import dev.lacuna.training.fuzz.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The readers of emoji, to be fuzzed. */
public final class EmojiTargets {
  private EmojiTargets() {}

  /** All of them, with files in a folder. */
  public static List<Target> in(Path folder) throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    EmojiFiles damaged = new EmojiFiles(folder.resolve("damaged"), files.names());
    Files.createDirectories(damaged.catalog().getParent());
    return List.of(
        Target.text(
            "emoji.json",
            damaged.catalog(),
            _ -> Emoji.all(damaged),
            Files.readAllBytes(files.catalog())),
        Target.text(
            "data.json of emojibase",
            folder.resolve("data.json"),
            at -> Emoji.texts(at, ClassWords::without),
            Files.readAllBytes(files.english())));
  }
}
