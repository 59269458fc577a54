package dev.lacuna.training.data.emoji;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * An emoji.
 *
 * @param code its code points, such as {@code 1F9D1-200D-1F33E}
 * @param base what it shares with its variants: {@link BaseEmoji#of}
 * @param label number of its class
 * @param text English label and tags without class words, empty where nothing else was there
 */
record Emoji(String code, String base, int label, String text) {
  /** The classes, Unicode's groups in their order. */
  static final List<String> CLASSES =
      List.of(
          "Smileys & Emotion",
          "People & Body",
          "Animals & Nature",
          "Food & Drink",
          "Travel & Places",
          "Activities",
          "Objects",
          "Symbols",
          "Flags");

  /** Skin tones and hair, which are parts of others. */
  private static final String COMPONENT = "Component";

  private static final Pattern CODE = Pattern.compile("[0-9A-F]{4,6}(-[0-9A-F]{4,6}){0,15}");
  private static final ObjectReader TREE = Json.MAPPER.readerFor(JsonNode.class);

  /**
   * All emoji but components, in the order of their codes.
   *
   * @throws LacunaException naming the file and entry at fault
   */
  static List<Emoji> all(EmojiFiles files) {
    Map<String, String> texts = texts(files.english(), ClassWords::without);
    List<Emoji> found = new ArrayList<>();
    JsonNode entries = list(files.catalog());
    for (int i = 0; i < entries.size(); i++) {
      String where = files.catalog() + ": entry " + i;
      String category = string(entries.get(i), "category", where);
      if (category.equals(COMPONENT)) {
        continue;
      }
      int label = CLASSES.indexOf(category);
      if (label < 0) {
        throw bad(where + " has category '" + category + "', want " + String.join(", ", CLASSES));
      }
      String code = code(entries.get(i), "unified", where);
      String text = texts.get(BaseEmoji.withoutVariations(code));
      if (text == null) {
        throw bad(where + " is " + code + ", which " + files.english() + " does not have");
      }
      found.add(new Emoji(code, BaseEmoji.of(code), label, text));
    }
    found.sort(Comparator.comparing(Emoji::code));
    for (int i = 1; i < found.size(); i++) {
      if (found.get(i).code.equals(found.get(i - 1).code)) {
        throw bad(files.catalog() + ": " + found.get(i).code + " is there twice");
      }
    }
    return found;
  }

  /**
   * The text of every code without variation selectors.
   *
   * @param names labels and tags of a language
   * @param join makes a text of them
   */
  static Map<String, String> texts(Path names, Function<List<String>, String> join) {
    Map<String, String> texts = new HashMap<>();
    JsonNode entries = list(names);
    for (int i = 0; i < entries.size(); i++) {
      String where = names + ": entry " + i;
      List<String> phrases = new ArrayList<>();
      phrases.add(string(entries.get(i), "label", where));
      for (JsonNode tag : entries.get(i).path("tags")) {
        phrases.add(tag.asText());
      }
      texts.put(
          BaseEmoji.withoutVariations(code(entries.get(i), "hexcode", where)), join.apply(phrases));
    }
    return texts;
  }

  private static JsonNode list(Path file) {
    JsonNode entries = Json.read(file, TREE);
    if (!entries.isArray()) {
      throw bad(file + ": want a list of emoji");
    }
    return entries;
  }

  private static String code(JsonNode entry, String field, String where) {
    String code = string(entry, field, where);
    if (!CODE.matcher(code).matches()) {
      throw bad(where + ": " + field + " is '" + code + "', want code points such as 1F600-FE0F");
    }
    return code;
  }

  private static String string(JsonNode entry, String field, String where) {
    JsonNode value = entry.path(field);
    if (!value.isTextual()) {
      throw bad(where + " has no text '" + field + "'");
    }
    return value.asText();
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
