package dev.lacuna.training.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.training.data.AtomicFile;
import dev.lacuna.training.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a run leaves: metrics.json, report.html, log.csv, the missing tables and a model for each
 * seed. Every file is whole or not there.
 *
 * <p>Until it ends with metrics.json, a run has run.json (what was asked for), progress.json (the
 * results of the seeds that are finished) and checkpoint.safetensors (where the next seed stands).
 * One that stops with a checkpoint stays and can be resumed; one that stops before takes its files
 * away.
 */
public final class RunFolder implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(RunFolder.class.getName());

  private static final String METRICS = "metrics.json";
  private static final String RUN = "run.json";

  /** Of run.json. */
  private static final String DATA = "data_checksum";

  /** Where an unfinished run keeps the results of the seeds that are finished. */
  public static final String PROGRESS = "progress.json";

  private static final String CHECKPOINT = "checkpoint.safetensors";

  private final Path folder;

  /** The file that says which system and config this is. */
  private final String described;

  /** Held while a run writes. */
  private @Nullable FolderLock lock;

  /** Of system and config, in every checkpoint. */
  private String digest = "";

  /** What {@code --resume} must be told beside the folder. */
  private List<String> resumeOptions = List.of();

  /** What a run that has no checkpoint yet has made, newest last. */
  private final Deque<Path> made = new ArrayDeque<>();

  /** Ctrl-C ends the program without closing anything. */
  private final Thread whenKilled = new Thread(() -> stop(true));

  private boolean madeFolder;

  /** Whether the folder outlives this process, unfinished as it is. */
  private boolean kept;

  /** Whether training stands at a checkpoint. */
  private boolean underWay;

  private boolean ended;

  private RunFolder(Path folder, String described) {
    this.folder = folder;
    this.described = described;
  }

  /**
   * Makes an empty folder for a new run; one that holds files already is refused. Closing it before
   * the first checkpoint removes it with what was written.
   */
  public static RunFolder create(Path folder) {
    RunFolder run = new RunFolder(folder.toAbsolutePath(), RUN);
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw bad(folder + " is a file; give another --out");
    }
    try {
      if (!Files.exists(folder)) {
        Files.createDirectories(folder);
        run.madeFolder = true;
      }
      run.lock = FolderLock.take(run.folder);
      try (Stream<Path> files = Files.list(run.folder)) {
        if (files.anyMatch(file -> !FolderLock.isLock(file) && !AtomicFile.isTorn(file, RUN))) {
          run.end();
          throw bad(
              Files.exists(run.folder.resolve(RUN))
                  ? run
                      + " has a run that is not finished; go on with it by --resume "
                      + run
                      + ", or give another --out"
                  : run + " is not empty; give another --out, or remove it");
        }
      }
      AtomicFile.removeTorn(run.folder);
    } catch (IOException e) {
      run.stop(false);
      throw new LacunaException(
          Status.INVALID_ARGUMENT, folder + ": run folder cannot be made: " + e, e);
    }
    Runtime.getRuntime().addShutdownHook(run.whenKilled);
    return run;
  }

  /**
   * Opens the folder of a run that has stopped, to go on with it; closing it keeps what there is.
   *
   * @throws LacunaException where it is finished, another process works in it, or there is no run
   */
  public static RunFolder resume(Path folder) {
    RunFolder run = new RunFolder(folder.toAbsolutePath(), RUN);
    run.requireUnfinished();
    try {
      run.kept = true;
      run.lock = FolderLock.take(run.folder);
      AtomicFile.removeTorn(run.folder);
      run.requireUnfinished(); // the process that held the lock may have ended the run
    } catch (LacunaException e) {
      run.end();
      throw e;
    } catch (IOException e) {
      run.end();
      throw new LacunaException(
          Status.INVALID_ARGUMENT, folder + ": run folder cannot be opened: " + e, e);
    }
    Runtime.getRuntime().addShutdownHook(run.whenKilled);
    return run;
  }

  private void requireUnfinished() {
    if (Files.exists(folder.resolve(METRICS))) {
      throw bad(folder + " is finished: it has " + METRICS + "; there is nothing to resume");
    }
    if (!Files.isRegularFile(folder.resolve(RUN))) {
      throw bad(folder + " is no unfinished run: it has no " + RUN);
    }
  }

  /** Opens the folder of a finished run; closing it changes nothing. */
  public static RunFolder open(Path folder) {
    if (!Files.isRegularFile(folder.resolve(METRICS))) {
      throw bad(
          Files.exists(folder.resolve(RUN))
              ? folder
                  + " has a run that is not finished; go on with it by train --resume "
                  + folder
              : folder + " is no run folder: it has no " + METRICS);
    }
    RunFolder run = new RunFolder(folder, METRICS);
    run.ended = true;
    return run;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(whenKilled);
    } catch (IllegalStateException e) {
      return; // it is running
    }
    stop(false);
  }

  private synchronized void stop(boolean killed) {
    if (ended) {
      return;
    }
    if (underWay) { // a bar may stand where the cursor is
      System.err.println(
          (killed ? "\n" : "")
              + "lacuna: stopped; go on with: ./lacuna train --resume "
              + Stream.concat(Stream.of(folder.toString()), resumeOptions.stream())
                  .map(Shell::quoted)
                  .collect(Collectors.joining(" ")));
    }
    try {
      while (!kept && !made.isEmpty()) {
        Files.deleteIfExists(made.removeLast());
      }
      end();
      if (!kept && madeFolder) {
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "{0}: an unfinished run is left over: {1}", folder, e);
    }
  }

  /** Nothing is written from here on. */
  private void end() {
    ended = true;
    if (lock != null) {
      lock.release();
    }
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  /**
   * Says with which options the run goes on to the bit, should it stop: run.json does not have what
   * the machine decides.
   */
  public synchronized void resumeWith(List<String> options) {
    resumeOptions = List.copyOf(options);
  }

  /** Where a file of the run is. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  /** Writes a file of a new run. */
  public synchronized void write(String name, Consumer<Path> writer) {
    if (ended) {
      throw bad(folder + ": the run has ended; " + name + " is not written");
    }
    made.addLast(folder.resolve(name));
    writer.accept(made.getLast());
    AtomicFile.forceNames(folder);
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
  public synchronized String writeMetrics(
      String system, Object config, Results results, Object run) {
    String text = RunDocument.metrics(system, config, results, run);
    write(METRICS, text);
    try {
      for (String name : List.of(RUN, PROGRESS, CHECKPOINT)) {
        Files.deleteIfExists(folder.resolve(name));
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "{0}: a file of no more use is left: {1}", folder, e);
    }
    end();
    return text;
  }

  /**
   * Says what this run is: writes run.json, where the run is new.
   *
   * @param data checksum of the data, which must be the same when the run is resumed
   */
  public void begin(String system, Object config, long data) {
    ObjectNode root = RunDocument.begin(system, config);
    root.put(DATA, data);
    digest = Seal.digest(root.toString());
    if (!Files.exists(folder.resolve(RUN))) {
      write(RUN, root.toPrettyString() + "\n");
    } else if (!document().text(DATA).equals(Long.toString(data))) {
      throw bad(
          folder.resolve(RUN)
              + " is of other data: its checksum was "
              + document().text(DATA)
              + " when the run began and is now "
              + data);
    }
  }

  /** Keeps the results of the seeds that are finished. */
  public void writeProgress(List<?> seeds) {
    writeJson(PROGRESS, seeds);
  }

  /** The results that {@link #writeProgress} has kept, in a list that can be added to. */
  public <T> List<T> readProgress(Class<T> type) {
    Path file = folder.resolve(PROGRESS);
    if (!Files.exists(file)) {
      return new ArrayList<>();
    }
    return Json.read(file, Json.MAPPER.readerForListOf(type));
  }

  /** Keeps the state of the seed that is being trained, in the place of the last one. */
  public synchronized void writeCheckpoint(SafeTensors state) {
    state.metadata().put("config", digest);
    Seal.close(state);
    write(CHECKPOINT, state::write);
    kept = true;
    underWay = true;
  }

  /**
   * The last state of the training with a seed, null where it has not been kept.
   *
   * @throws LacunaException where the file is damaged or of another run
   */
  public synchronized @Nullable SafeTensors readCheckpoint(long seed) {
    Path file = folder.resolve(CHECKPOINT);
    if (!Files.exists(file)) {
      return null;
    }
    SafeTensors state;
    try {
      state = SafeTensors.read(file);
      Seal.check(state);
    } catch (IllegalArgumentException e) {
      throw unfit(e);
    }
    if (!digest.equals(state.metadata().get("config"))) {
      throw unfit(new IllegalArgumentException("it is of another config than " + RUN));
    }
    String found = state.metadata().getOrDefault("seed", "none");
    if (found.equals(Long.toString(seed - 1))) {
      return null; // its seed is finished
    }
    if (!found.equals(Long.toString(seed))) {
      throw unfit(new IllegalArgumentException("its seed is " + found + ", want " + seed));
    }
    underWay = true;
    return state;
  }

  private LacunaException unfit(IllegalArgumentException reason) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        folder.resolve(CHECKPOINT)
            + " cannot be resumed from: "
            + reason.getMessage()
            + "; remove it to train its seed again from the start",
        reason);
  }

  /** What metrics.json says, or run.json of a run that is not finished. */
  public RunDocument document() {
    return RunDocument.read(folder.resolve(described));
  }

  /** Writes a JSON file of a new run. */
  public void writeJson(String name, Object value) {
    write(name, Json.MAPPER.valueToTree(value).toPrettyString() + "\n");
  }

  /** Reads a JSON file of a finished run; one that is missing or damaged is named. */
  public <T> T readJson(String name, Class<T> type) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw bad(folder + " has no " + name + ", which train writes beside the models; train again");
    }
    return Json.read(file, Json.MAPPER.readerFor(type));
  }

  /** Name of the model of a seed. */
  public static String modelFile(long seed) {
    return "model-" + seed + ".safetensors";
  }

  /**
   * Writes the model of a seed.
   *
   * @param restsOn checksums of what it is of use with alone, by name
   */
  public void writeModel(
      long seed, String system, Map<String, String> restsOn, ParameterStore store) {
    write(modelFile(seed), file -> ModelFile.write(file, system, restsOn, store));
  }

  /**
   * Reads the model of a seed; a tensor that is missing or of another shape is named.
   *
   * @param restsOn what it must rest on
   */
  public void readModel(long seed, Map<String, String> restsOn, ParameterStore store) {
    ModelFile.read(folder.resolve(modelFile(seed)), document().system(), restsOn, store);
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
