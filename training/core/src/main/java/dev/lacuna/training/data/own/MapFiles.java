package dev.lacuna.training.data.own;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.own.FeatureReader.Source;
import dev.lacuna.training.json.Json;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the readers of {@link MapLayout} have in common. */
final class MapFiles {
  /** Samples by split. */
  static final String SPLIT = "split.json";

  private static final ObjectReader TREE = Json.MAPPER.readerFor(JsonNode.class);

  /** How many missing files a message names. */
  private static final int NAMED = 3;

  private MapFiles() {}

  /**
   * A name in split.json.
   *
   * @param part its split, null where training samples are to be divided as there is no validation
   * @param test whether it is in the test
   */
  record Listed(String name, @Nullable Part part, boolean test) {}

  /** A file that is an object. */
  static JsonNode object(Path file) {
    if (!Files.isRegularFile(file)) {
      throw bad(file, "no such file");
    }
    JsonNode node = Json.read(file, TREE);
    if (!node.isObject()) {
      throw bad(file, "is damaged: want an object");
    }
    return node;
  }

  /** A text of an object. */
  static String string(JsonNode object, String field, String where) {
    JsonNode value = object.path(field);
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw bad(where, "want a text for '" + field + "'");
    }
    return value.textValue();
  }

  /** Texts of an object, perhaps none. */
  static List<String> strings(JsonNode object, String field, String where) {
    JsonNode values = object.path(field);
    List<String> texts = new ArrayList<>();
    values.forEach(value -> {
      if (value.isTextual()) {
        texts.add(value.textValue());
      }
    });
    if (!values.isArray() || texts.size() < values.size()) {
      throw bad(where, "want a list of texts for '" + field + "'");
    }
    return texts;
  }

  /** What split.json lists: names, each once, by {@code train}, {@code test} and the third. */
  static List<Listed> listed(Path file) {
    JsonNode splits = object(file);
    Set<String> seen = new HashSet<>();
    List<Listed> listed = new ArrayList<>();
    boolean validates = splits.has("dev") || splits.has("val");
    for (Map.Entry<String, JsonNode> split : splits.properties()) {
      Part part = part(split.getKey(), file);
      for (String name : strings(splits, split.getKey(), file.toString())) {
        if (!seen.add(name)) {
          throw bad(file, "'" + name + "' is there twice");
        }
        boolean chosen = part == Part.TRAIN && !validates;
        listed.add(new Listed(name, chosen ? null : part, part == Part.TEST));
      }
    }
    if (listed.isEmpty()) {
      throw bad(file, "lists no samples, want names for train, dev or val, and test");
    }
    return listed;
  }

  private static Part part(String name, Path file) {
    return switch (name) {
      case "train" -> Part.TRAIN;
      case "dev", "val" -> Part.VALIDATION;
      case "test" -> Part.TEST;
      default -> throw bad(file, "split is '" + name + "', want train, dev or val, and test");
    };
  }

  /** A file in a folder. */
  static Path resolve(Path folder, String name, String where) {
    try {
      return folder.resolve(name);
    } catch (InvalidPathException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, where + ": '" + name + "' is no path: " + e.getMessage(), e);
    }
  }

  /**
   * Checks at once that all files are there, before any is read.
   *
   * @param list the file that asks for them
   * @param wanted what they are, for the message
   */
  static void requireAll(Path list, List<Path> files, String wanted) {
    List<Path> missing = files.stream().filter(file -> !Files.isRegularFile(file)).toList();
    if (!missing.isEmpty()) {
      String named =
          missing.stream().limit(NAMED).map(Path::toString).collect(Collectors.joining(", "));
      throw bad(
          list,
          missing.size()
              + " of "
              + files.size()
              + " files are missing: "
              + named
              + (missing.size() > NAMED ? " and more" : "")
              + "; want "
              + wanted);
    }
  }

  /** A sample's image and, where there is one, its text. */
  static Map<Kind, Source> sources(Path image, @Nullable String text) {
    Map<Kind, Source> sources = new EnumMap<>(Kind.class);
    sources.put(Kind.IMAGE, reader -> reader.image(image));
    if (text != null) {
      sources.put(Kind.TEXT, reader -> reader.text(text));
    }
    return sources;
  }

  static LacunaException bad(Object where, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, where + ": " + what);
  }
}
