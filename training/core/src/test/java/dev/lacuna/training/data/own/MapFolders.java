package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** MM-IMDb, Food-101 and Hateful Memes with a few samples, laid out as the real ones. */
public final class MapFolders {
  /** Lists of Hateful Memes. */
  static final String TRAIN =
      """
      {"id":42953,"img":"img/42953.png","label":0,"text":"look at this cat"}
      {"id":"00123","img":"img/00123.png","label":1,"text":"and at that"}

      {"id":8,"img":"img/8.png","label":0,"text":"Zwölf"}
      """;

  /** MM-IMDb's splits. */
  static final String FILMS =
      """
      {"train": ["0106714", "0204504", "0033804"], "dev": ["0066423"], "test": ["0045130"]}
      """;

  /** Food-101's splits, classes and texts. */
  static final String DISHES =
      """
      {"train": ["tacos_1.jpg", "apple_pie_7.jpg", "tacos_3.jpg"], "val": ["tacos_2.jpg"],
       "test": ["apple_pie_0.jpg", "tacos_9.jpg"]}
      """;

  static final String CLASSES = "{\"tacos\": 1, \"apple_pie\": 0}\n";

  static final String TITLES =
      """
      {"tacos_1.jpg": "Fish tacos", "tacos_2.jpg": "Tacos al pastor", "apple_pie_7.jpg": "Pie",
       "apple_pie_0.jpg": "Apple pie, the best", "tacos_9.jpg": "Tacos"}
      """;

  private MapFolders() {}

  /** Five films. */
  public static Path mmImdb(Path root) {
    film(root, "0106714", List.of("A king falls.", "Another plot."), "Drama", "War");
    film(root, "0204504", List.of("", "A clown."), "Comedy", "News", "Drama");
    film(root, "0033804", List.of(), "Film-Noir");
    film(root, "0066423", List.of("A horse."), "Western");
    film(root, "0045130", List.of("Adults alone."), "Adult");
    return write(root.resolve("split.json"), FILMS);
  }

  /** Adds a film, which no split lists yet; its poster tells the id. */
  static void film(Path root, String id, List<String> plots, String... genres) {
    write(
        root.resolve("labels/" + id + ".json"),
        "{\"year\": 1993, \"plot\": "
            + list(plots)
            + ", \"genres\": "
            + list(List.of(genres))
            + ", \"cast\": [{\"name\": \"A. B.\"}]}");
    picture(root.resolve("images/" + id + ".jpeg"), "jpg", id.hashCode());
  }

  private static String list(List<String> texts) {
    return "[" + String.join(", ", texts.stream().map(text -> "\"" + text + "\"").toList()) + "]";
  }

  /** Six photos, one without a text. */
  public static Path food101(Path root) {
    for (String file : List.of("tacos_1", "tacos_2", "tacos_3", "apple_pie_7")) {
      photo(root.resolve("images/train"), file);
    }
    photo(root.resolve("images/test"), "apple_pie_0");
    photo(root.resolve("images/test"), "tacos_9");
    write(root.resolve("class_idx.json"), CLASSES);
    write(root.resolve("text.json"), TITLES);
    return write(root.resolve("split.json"), DISHES);
  }

  private static void photo(Path part, String name) {
    String dish = name.substring(0, name.lastIndexOf('_'));
    picture(part.resolve(dish).resolve(name + ".jpg"), "jpg", name.hashCode());
  }

  /** Three memes to learn from, two for each other list. */
  public static Path hatefulMemes(Path root) {
    List<String> ids = new ArrayList<>(List.of("42953", "00123", "8"));
    for (String list : List.of("dev", "test")) {
      StringBuilder lines = new StringBuilder();
      for (int label = 0; label < 2; label++) {
        String id = (list.equals("dev") ? "1" : "2") + label;
        ids.add(id);
        lines.append(meme(id, label, list + " meme")).append('\n');
      }
      write(root.resolve(list + ".jsonl"), lines.toString());
    }
    ids.forEach(id -> picture(root.resolve("img/" + id + ".png"), "png", id.hashCode()));
    return write(root.resolve("train.jsonl"), TRAIN);
  }

  static String meme(String id, int label, String text) {
    return "{\"id\":\"%s\",\"img\":\"img/%s.png\",\"label\":%d,\"text\":\"%s\"}"
        .formatted(id, id, label, text);
  }

  /** Writes a file and says where its folder is. */
  static Path write(Path file, String text) {
    return write(file, text.getBytes(UTF_8));
  }

  private static void picture(Path file, String format, int seed) {
    try {
      write(
          file,
          Pictures.file(
              Pictures.grey(9, 7, (x, y) -> Math.floorMod(seed + 31 * x + 17 * y, 256)), format));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path write(Path file, byte[] bytes) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, bytes);
      return file.getParent();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
