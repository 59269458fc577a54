package dev.lacuna.training.compare;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.json.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** What decides results, kept as JSON beside them, so that those of another protocol are told. */
final class Protocols {
  private Protocols() {}

  /** A record or map as it looks when read back, where a long of 1 has become an int. */
  static JsonNode tree(Object protocol) {
    JsonNode tree;
    try {
      tree = Json.MAPPER.readTree(Json.MAPPER.writeValueAsBytes(protocol));
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "protocol of a comparison cannot be written: " + e, e);
    }
    if (!tree.isObject()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "protocol of a comparison is " + tree + ", want names and values");
    }
    return tree;
  }

  /** What differs between two trees, name by name. */
  static List<String> differences(JsonNode found, JsonNode wanted) {
    TreeSet<String> names = new TreeSet<>();
    found.fieldNames().forEachRemaining(names::add);
    wanted.fieldNames().forEachRemaining(names::add);
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      if (!found.path(name).equals(wanted.path(name))) {
        differences.add(name + " is " + text(found, name) + ", want " + text(wanted, name));
      }
    }
    return differences;
  }

  private static String text(JsonNode tree, String name) {
    return tree.has(name) ? tree.path(name).toString() : "absent";
  }
}
