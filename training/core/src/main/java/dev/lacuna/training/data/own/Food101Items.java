package dev.lacuna.training.data.own;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.training.data.own.MapFiles.Listed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Samples of {@link MapLayout#FOOD_101}. */
final class Food101Items {
  /** Numbers of the classes. */
  static final String CLASSES = "class_idx.json";

  /** Texts by file name. */
  static final String TEXTS = "text.json";

  private Food101Items() {}

  /**
   * What a folder has.
   *
   * @param classes by number
   * @param without listed files that have no text
   */
  record Found(List<String> classes, List<Item> items, int without) {}

  static Found read(Path folder) {
    Path list = folder.resolve(MapFiles.SPLIT);
    Path ofTexts = folder.resolve(TEXTS);
    List<String> classes = classes(folder.resolve(CLASSES));
    JsonNode texts = MapFiles.object(ofTexts);
    List<Listed> listed = MapFiles.listed(list);
    List<Item> items = new ArrayList<>();
    List<Path> images = new ArrayList<>();
    for (Listed file : listed) {
      String where = list + ": '" + file.name() + "'";
      String name = className(file.name(), where);
      if (!classes.contains(name)) {
        throw MapFiles.bad(
            where, "is of class '" + name + "', which " + folder.resolve(CLASSES) + " has not");
      }
      if (texts.has(file.name())) {
        Path part = folder.resolve("images").resolve(file.test() ? "test" : "train");
        Path image = MapFiles.resolve(part.resolve(name), file.name(), where);
        String text = MapFiles.string(texts, file.name(), ofTexts.toString());
        images.add(image);
        items.add(
            new Item(
                file.name(),
                where,
                MapFiles.sources(image, text),
                List.of(name),
                file.part(),
                null));
      }
    }
    if (items.isEmpty()) {
      throw MapFiles.bad(ofTexts, "has no text of the " + listed.size() + " files in " + list);
    }
    MapFiles.requireAll(list, images, "images/train/<class>/<file> or, of the test, images/test/");
    return new Found(classes, items, listed.size() - items.size());
  }

  private static String className(String file, String where) {
    int last = file.lastIndexOf('_');
    if (last < 1) {
      throw MapFiles.bad(where, "names no class, want <class>_<number>.jpg");
    }
    return file.substring(0, last);
  }

  /** Names of classes 0, 1, 2 and so on. */
  private static List<String> classes(Path file) {
    JsonNode numbers = MapFiles.object(file);
    @Nullable String[] names = new String[numbers.size()];
    for (Map.Entry<String, JsonNode> entry : numbers.properties()) {
      JsonNode number = entry.getValue();
      int c = number.isInt() ? number.intValue() : -1;
      if (c < 0 || c >= names.length || names[c] != null) {
        throw MapFiles.bad(
            file,
            "class '"
                + entry.getKey()
                + "' has number "
                + number
                + ", want each of 0 to "
                + (names.length - 1)
                + " once");
      }
      names[c] = entry.getKey();
    }
    if (names.length < 2) {
      throw MapFiles.bad(file, "has " + names.length + " classes, want 2 or more");
    }
    return Arrays.stream(names).map(String::valueOf).toList();
  }
}
