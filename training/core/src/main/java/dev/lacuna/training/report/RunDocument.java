package dev.lacuna.training.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What metrics.json and run.json have in common: schema, system and config. */
public final class RunDocument {
  /** Version of both. */
  public static final int SCHEMA = 2;

  private final Path file;
  private final JsonNode root;

  private RunDocument(Path file, JsonNode root) {
    this.file = file;
    this.root = root;
  }

  /**
   * Reads one.
   *
   * @throws LacunaException where it is damaged or of another schema
   */
  static RunDocument read(Path file) {
    JsonNode root;
    try {
      root = Json.MAPPER.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw Json.damaged(file, e);
    }
    String schema = root.path("schema").asText("none");
    if (!schema.equals(String.valueOf(SCHEMA))) {
      throw bad(file + " is of schema " + schema + ", want schema " + SCHEMA);
    }
    return new RunDocument(file, root);
  }

  /** The beginning of one. */
  static ObjectNode begin(String system, Object config) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("schema", SCHEMA);
    root.put("system", system);
    root.set("config", Json.MAPPER.valueToTree(config));
    return root;
  }

  /**
   * The text of metrics.json.
   *
   * @param config what was asked for; with the results the part that does not depend on the machine
   * @param run machine, versions, seconds
   */
  public static String metrics(String system, Object config, Results results, Object run) {
    ObjectNode root = begin(system, config);
    root.set("results", Json.MAPPER.valueToTree(results.bySplit()));
    root.set("run", Json.MAPPER.valueToTree(run));
    return root.toPrettyString() + "\n";
  }

  /** The name of the run's system. */
  public String system() {
    return text("system");
  }

  /** A text or number, {@code none} where there is none. */
  String text(String name) {
    return root.path(name).asText("none");
  }

  /**
   * The run's config.
   *
   * @param type of the config
   * @param parameters its type parameters, if any
   */
  @SuppressWarnings("TypeParameterUnusedInFormals") // the type is what the parameters make of it
  public <T> T config(Class<?> type, Class<?>... parameters) {
    JsonNode config = root.path("config");
    if (!config.isObject()) {
      throw bad(file + " is damaged: it has no config");
    }
    try {
      return Json.MAPPER
          .readerFor(Json.MAPPER.getTypeFactory().constructParametricType(type, parameters))
          .readValue(config);
    } catch (IOException e) {
      throw Json.damaged(file, e);
    }
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
