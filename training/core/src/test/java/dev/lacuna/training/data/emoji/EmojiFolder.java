package dev.lacuna.training.data.emoji;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.training.json.Json;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Emoji made for tests, laid out as the packages are. */
final class EmojiFolder {
  private final List<Map<String, String>> catalog = new ArrayList<>();
  private final List<Map<String, Object>> english = new ArrayList<>();
  private final EmojiFiles files;

  private EmojiFolder(Path data) throws IOException {
    Path emoji = data.resolve(EmojiFiles.FOLDER);
    files =
        new EmojiFiles(emoji.resolve("emoji-datasource-google"), emoji.resolve("emojibase-data"));
    Files.createDirectories(files.picture("0").getParent());
    Files.createDirectories(files.english().getParent());
  }

  static EmojiFolder in(Path data) throws IOException {
    return new EmojiFolder(data);
  }

  /** Four of each class, and three genders of a farmer; 39 in all. */
  static EmojiFiles standard(Path data) throws IOException {
    EmojiFolder folder = in(data);
    for (int i = 0; i < 4 * Emoji.CLASSES.size(); i++) {
      String category = Emoji.CLASSES.get(i % Emoji.CLASSES.size());
      folder.add(String.format("1F6%02X", i), category, "thing " + i, "tag " + i % 5);
    }
    for (String farmer : List.of("1F9D1", "1F468", "1F469")) {
      folder.add(farmer + "-200D-1F33E", "People & Body", "farmer", "plants");
    }
    return folder.write();
  }

  /** An emoji in all tables, with a picture. */
  EmojiFolder add(String code, String category, String label, String... tags) throws IOException {
    return pictured(code, category, 0xFF000000 | code.hashCode())
        .named(code.replace("-FE0F", ""), label, tags);
  }

  /** An emoji in the catalog, in one colour. */
  EmojiFolder pictured(String code, String category, int argb) throws IOException {
    catalog.add(Map.of("unified", code, "category", category));
    BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
    for (int i = 0; i < 64 * 64; i++) {
      image.setRGB(i % 64, i / 64, argb);
    }
    ImageIO.write(image, "png", files.picture(code).toFile());
    return this;
  }

  /** A code's label and tags. */
  EmojiFolder named(String code, String label, String... tags) {
    english.add(
        tags.length == 0
            ? Map.of("hexcode", code, "label", label)
            : Map.of("hexcode", code, "label", label, "tags", List.of(tags)));
    return this;
  }

  EmojiFiles write() throws IOException {
    Files.write(files.catalog(), Json.MAPPER.writeValueAsString(catalog).getBytes(UTF_8));
    Files.write(files.english(), Json.MAPPER.writeValueAsString(english).getBytes(UTF_8));
    return files;
  }
}
