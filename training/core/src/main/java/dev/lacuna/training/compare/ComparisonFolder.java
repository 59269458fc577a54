package dev.lacuna.training.compare;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.AtomicFile;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MissingTable;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.report.FolderLock;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a comparison, which grows with systems, rates and seeds but keeps its protocol:
 *
 * <pre>
 * protocol.json                   what all cells have in common
 * missing/train-rate0.5.csv       the missing tables, and test-rate0.5.csv
 * cells/mla-rate0.5-seed0.json    what each training left
 * trials/0/, trials/1/, ...       what the trials of tuning left, and trials.csv
 * compare.json, table.txt, table.md, table.csv, figure.png, figure.svg
 * </pre>
 */
public final class ComparisonFolder implements AutoCloseable {
  private static final String PROTOCOL = "protocol.json";
  private static final int SCHEMA = 1;

  /**
   * What all cells have in common.
   *
   * @param trials of tuning
   * @param tuningRate null without tuning
   */
  private record Protocol(
      int schema,
      DataSource data,
      long tableSeed,
      TrainingOptions training,
      int trials,
      @Nullable Double tuningRate) {
    static Protocol of(ComparisonConfig config) {
      return new Protocol(
          SCHEMA,
          config.data(),
          config.tableSeed(),
          config.training(),
          config.trials(),
          config.trials() == 0 ? null : config.tuningRate());
    }
  }

  private final Path path;
  private @Nullable FolderLock lock;

  private ComparisonFolder(Path path, FolderLock lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Opens the folder of a comparison, or makes it. Others are kept out of it till it is closed.
   *
   * @throws LacunaException where it holds another comparison, or something else, or another
   *     process works in it
   */
  public static ComparisonFolder open(Path path, ComparisonConfig config) {
    Path file = path.resolve(PROTOCOL);
    Protocol protocol = Protocol.of(config);
    try {
      Files.createDirectories(path);
      ComparisonFolder folder = new ComparisonFolder(path, FolderLock.take(path));
      try {
        if (Files.exists(file)) {
          requireSame(file, Protocols.tree(protocol));
        } else {
          requireEmpty(path);
          AtomicFile.write(file, ByteBuffer.wrap(Json.MAPPER.writeValueAsBytes(protocol)));
        }
        AtomicFile.removeTorn(path); // only now that the folder is known to be ours
        return folder;
      } catch (IOException | RuntimeException e) {
        folder.close();
        throw e;
      }
    } catch (IOException e) {
      throw bad(path + ": folder of a comparison cannot be used: " + e, e);
    }
  }

  private static void requireSame(Path file, JsonNode wanted) throws IOException {
    JsonNode found;
    try {
      found = Json.MAPPER.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw damaged(file, e.getOriginalMessage(), e);
    } catch (CharConversionException e) {
      throw damaged(file, e.getMessage(), e);
    }
    if (!found.isObject()) {
      throw damaged(file, "it is no JSON object", null);
    }
    List<String> differences = Protocols.differences(found, wanted);
    if (!differences.isEmpty()) {
      throw bad(
          file
              + " belongs to another comparison: "
              + String.join("; ", differences)
              + ". Give another --out",
          null);
    }
  }

  private static void requireEmpty(Path path) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      if (!files.allMatch(file -> FolderLock.isLock(file) || AtomicFile.isTorn(file, PROTOCOL))) {
        throw bad(path + " is not empty and holds no comparison; give another --out", null);
      }
    }
  }

  /** What the trainings left. */
  CellFolder cells() {
    return new CellFolder(path.resolve("cells"));
  }

  /** What a trial of tuning left of every system. */
  CellFolder trial(int number) {
    return new CellFolder(path.resolve("trials").resolve(Integer.toString(number)));
  }

  /**
   * Stores a missing table, or makes sure that the stored one is the same.
   *
   * @param split train or test
   * @throws LacunaException where another one is stored, as after a change of the data
   */
  void keepTable(String split, double rate, Presence table, List<String> modalities) {
    Path file = path.resolve("missing").resolve(split + "-rate" + Cell.shortest(rate) + ".csv");
    if (Files.exists(file)) {
      Presence stored = MissingTable.read(file, modalities);
      if (!Arrays.equals(stored.toBytes(), table.toBytes())) {
        throw bad(
            file + " is not the missing table of this data and seed; give another --out", null);
      }
      return;
    }
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw bad(file.getParent() + ": folder cannot be made: " + e, e);
    }
    MissingTable.write(file, table, modalities);
  }

  /** Writes a text file, whole or not at all. */
  void write(String name, String text) {
    AtomicFile.write(path.resolve(name), ByteBuffer.wrap(text.getBytes(UTF_8)));
  }

  /**
   * Writes compare.json, the tables and the figures.
   *
   * @param document the text of compare.json
   */
  public void write(Comparison comparison, String document) {
    write("compare.json", document);
    write("table.txt", ComparisonFormat.text(comparison));
    write("table.md", ComparisonFormat.markdown(comparison));
    write("table.csv", ComparisonFormat.csv(comparison));
    ComparisonFigure.writePng(path.resolve("figure.png"), comparison);
    ComparisonFigure.writeSvg(path.resolve("figure.svg"), comparison);
  }

  /** Lets others in. */
  @Override
  public synchronized void close() {
    if (lock != null) {
      lock.release();
      lock = null;
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }

  private static LacunaException damaged(Path file, String reason, @Nullable Exception cause) {
    return bad(file + " is damaged: " + reason + ". Give another --out", cause);
  }

  private static LacunaException bad(String message, @Nullable Exception cause) {
    return cause == null
        ? new LacunaException(Status.INVALID_ARGUMENT, message)
        : new LacunaException(Status.INVALID_ARGUMENT, message, cause);
  }
}
