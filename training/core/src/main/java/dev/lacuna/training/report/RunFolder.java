package dev.lacuna.training.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.training.data.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a run leaves: metrics.json, log.csv, the missing tables and a model for each seed. Every
 * file is whole or not there.
 */
public final class RunFolder {
  /** Version of metrics.json. */
  public static final int SCHEMA = 1;

  private static final String METRICS = "metrics.json";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;

  private RunFolder(Path folder) {
    this.folder = folder;
  }

  /** Makes an empty folder for a new run; one that holds files already is refused. */
  public static RunFolder create(Path folder) {
    try {
      Files.createDirectories(folder);
      try (Stream<Path> files = Files.list(folder)) {
        if (files.findAny().isPresent()) {
          throw bad(folder + " is not empty; give another --out, or remove it");
        }
      }
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, folder + ": run folder cannot be made: " + e, e);
    }
    return new RunFolder(folder);
  }

  /** Opens the folder of a finished run. */
  public static RunFolder open(Path folder) {
    if (!Files.isRegularFile(folder.resolve(METRICS))) {
      throw bad(folder + " is no run folder: it has no " + METRICS);
    }
    return new RunFolder(folder);
  }

  /** A file in the folder. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  /** Writes a text file. */
  public void write(String name, String text) {
    AtomicFile.write(file(name), ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Writes metrics.json and returns its text.
   *
   * @param config what was asked for; with the results the part that does not depend on the machine
   * @param run machine, versions, seconds
   */
  public String writeMetrics(String system, Object config, Results results, Object run) {
    String text = document(system, config, results, run);
    write(METRICS, text);
    return text;
  }

  /** The text of metrics.json. */
  public static String document(String system, Object config, Results results, Object run) {
    ObjectNode root = JSON.createObjectNode();
    root.put("schema", SCHEMA);
    root.put("system", system);
    root.set("config", JSON.valueToTree(config));
    root.set("results", JSON.valueToTree(results.bySplit()));
    root.set("run", JSON.valueToTree(run));
    return root.toPrettyString() + "\n";
  }

  /** The config of a finished run. */
  public <T> T readConfig(String system, Class<T> type) {
    Path file = file(METRICS);
    try {
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      if (root.path("schema").asInt() != SCHEMA || !root.path("system").asText().equals(system)) {
        throw bad(
            file
                + " is schema "
                + root.path("schema")
                + " of system "
                + root.path("system")
                + ", want schema "
                + SCHEMA
                + " of "
                + system);
      }
      return JSON.treeToValue(root.path("config"), type);
    } catch (JsonProcessingException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + " is damaged: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + " cannot be read: " + e, e);
    }
  }

  /** Name of the model of a seed. */
  public static String modelFile(long seed) {
    return "model-" + seed + ".safetensors";
  }

  /** Writes all parameters. */
  public void writeModel(long seed, String system, ParameterStore store) {
    SafeTensors file = new SafeTensors();
    file.metadata().put("system", system);
    for (Parameter parameter : store.parameters()) {
      double[] value = parameter.get();
      float[] narrow = new float[value.length];
      for (int i = 0; i < narrow.length; i++) {
        narrow[i] = (float) value[i];
      }
      file.tensors().put(parameter.name(), new SafeTensors.Entry(parameter.shape(), narrow));
    }
    file.write(file(modelFile(seed)));
  }

  /** Reads all parameters; a tensor that is missing or of another shape is named. */
  public void readModel(long seed, ParameterStore store) {
    SafeTensors file = SafeTensors.read(file(modelFile(seed)));
    for (Parameter parameter : store.parameters()) {
      float[] narrow = file.require(parameter.name(), parameter.shape());
      double[] value = new double[narrow.length];
      for (int i = 0; i < value.length; i++) {
        value[i] = narrow[i];
      }
      parameter.set(value);
    }
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
