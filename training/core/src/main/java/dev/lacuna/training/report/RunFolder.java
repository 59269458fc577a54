package dev.lacuna.training.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What a run leaves: metrics.json, log.csv, the missing tables and a model for each seed. Every
 * file is whole or not there, and a run that does not end with metrics.json takes its files away.
 */
public final class RunFolder implements AutoCloseable {
  /** Version of metrics.json. */
  public static final int SCHEMA = 2;

  private static final System.Logger LOG = System.getLogger(RunFolder.class.getName());

  private static final String METRICS = "metrics.json";
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .build();

  private final Path folder;

  /** What an unfinished run has made, newest last. */
  private final Deque<Path> made = new ArrayDeque<>();

  /** Ctrl-C ends the program without closing anything. */
  private final Thread whenKilled = new Thread(this::removeUnfinished);

  private boolean ended;

  private RunFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * Makes an empty folder for a new run; one that holds files already is refused. Closing it before
   * {@link #writeMetrics} removes it with what was written.
   */
  public static RunFolder create(Path folder) {
    RunFolder run = new RunFolder(folder.toAbsolutePath());
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw bad(folder + " is a file; give another --out");
    }
    try {
      if (!Files.exists(folder)) {
        Files.createDirectories(folder);
        run.made.add(run.folder);
      }
      try (Stream<Path> files = Files.list(folder)) {
        if (files.findAny().isPresent()) {
          throw bad(run + " is not empty; give another --out, or remove it");
        }
      }
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, folder + ": run folder cannot be made: " + e, e);
    }
    Runtime.getRuntime().addShutdownHook(run.whenKilled);
    return run;
  }

  /** Opens the folder of a finished run; closing it changes nothing. */
  public static RunFolder open(Path folder) {
    if (!Files.isRegularFile(folder.resolve(METRICS))) {
      throw bad(folder + " is no run folder: it has no " + METRICS);
    }
    return new RunFolder(folder);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(whenKilled);
    } catch (IllegalStateException e) {
      return; // it is running
    }
    removeUnfinished();
  }

  private synchronized void removeUnfinished() {
    ended = true;
    try {
      while (!made.isEmpty()) {
        Files.deleteIfExists(made.removeLast());
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "{0}: an unfinished run is left over: {1}", folder, e);
    }
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  /** Writes a file of a new run. */
  public synchronized void write(String name, Consumer<Path> writer) {
    if (ended) {
      throw bad(folder + ": the run has ended; " + name + " is not written");
    }
    made.addLast(folder.resolve(name));
    writer.accept(made.getLast());
  }

  /** Writes a text file of a new run. */
  public void write(String name, String text) {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    write(name, file -> AtomicFile.write(file, bytes));
  }

  /**
   * Writes metrics.json, which finishes the run, and returns its text.
   *
   * @param config what was asked for; with the results the part that does not depend on the machine
   * @param run machine, versions, seconds
   */
  public String writeMetrics(String system, Object config, Results results, Object run) {
    String text = document(system, config, results, run);
    write(METRICS, text);
    finish();
    return text;
  }

  private synchronized void finish() {
    made.clear();
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

  /** The name of the system of a finished run. */
  public String system() {
    return read().path("system").asText("none");
  }

  /**
   * The config of a finished run.
   *
   * @param type of the config
   * @param parameters its type parameters, if any
   */
  @SuppressWarnings("TypeParameterUnusedInFormals") // the type is what the parameters make of it
  public <T> T readConfig(Class<?> type, Class<?>... parameters) {
    JsonNode config = read().path("config");
    if (!config.isObject()) {
      throw bad(folder.resolve(METRICS) + " is damaged: it has no config");
    }
    try {
      return JSON.readerFor(JSON.getTypeFactory().constructParametricType(type, parameters))
          .readValue(config);
    } catch (IOException e) {
      throw damaged(e);
    }
  }

  /** metrics.json, of a schema that this version knows. */
  private JsonNode read() {
    Path file = folder.resolve(METRICS);
    try {
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      String schema = root.path("schema").asText("none");
      if (!schema.equals(String.valueOf(SCHEMA))) {
        throw bad(file + " is of schema " + schema + ", want schema " + SCHEMA);
      }
      return root;
    } catch (JsonProcessingException e) {
      throw damaged(e);
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + " cannot be read: " + e, e);
    }
  }

  private LacunaException damaged(IOException e) {
    String reason =
        e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.toString();
    return new LacunaException(
        Status.INVALID_ARGUMENT, folder.resolve(METRICS) + " is damaged: " + reason, e);
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
    write(modelFile(seed), file::write);
  }

  /** Reads all parameters; a tensor that is missing or of another shape is named. */
  public void readModel(long seed, ParameterStore store) {
    Path path = folder.resolve(modelFile(seed));
    if (!Files.isRegularFile(path)) {
      throw bad(folder + " has no " + path.getFileName());
    }
    SafeTensors file = SafeTensors.read(path);
    for (Parameter parameter : store.parameters()) {
      parameter.set(value(path, file, parameter));
    }
  }

  private static double[] value(Path path, SafeTensors file, Parameter parameter) {
    float[] narrow;
    try {
      narrow = file.require(parameter.name(), parameter.shape());
    } catch (IllegalArgumentException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, path + " does not fit this run: " + e.getMessage(), e);
    }
    double[] value = new double[narrow.length];
    for (int i = 0; i < value.length; i++) {
      value[i] = narrow[i];
      if (!Double.isFinite(value[i])) {
        throw bad(path + " is damaged: " + parameter.name() + " has " + value[i] + " at " + i);
      }
    }
    return value;
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
