package dev.lacuna.training.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.AtomicFile;
import dev.lacuna.training.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A folder with one JSON file a cell, so that an interrupted comparison goes on from the cells that
 * are there. Each file says under which protocol its cell was trained: whatever decides the result,
 * such as data, missing tables and the system's options. A cell of another protocol is refused.
 *
 * @param path the folder; made at the first write
 */
public record CellFolder(Path path) {
  private static final int SCHEMA = 1;

  /**
   * A file's content.
   *
   * @param accuracy follows from {@code right}; for the reader, and to notice damage
   * @param right a 0 or 1 a test sample
   */
  private record Content(
      int schema,
      String system,
      double rate,
      long seed,
      JsonNode protocol,
      double accuracy,
      double validationAccuracy,
      double seconds,
      boolean diverged,
      String right) {}

  /** The file of a cell. */
  public Path file(String system, double rate, long seed) {
    return path.resolve(system + "-rate" + Cell.shortest(rate) + "-seed" + seed + ".json");
  }

  /**
   * Writes a cell, whole or not at all.
   *
   * @param protocol anything that Jackson writes
   */
  public void write(Cell cell, Object protocol) {
    StringBuilder right = new StringBuilder(cell.right().length);
    for (boolean one : cell.right()) {
      right.append(one ? '1' : '0');
    }
    Content content =
        new Content(
            SCHEMA,
            cell.system(),
            cell.rate(),
            cell.seed(),
            Protocols.tree(protocol),
            cell.accuracy(),
            cell.validationAccuracy(),
            cell.seconds(),
            cell.diverged(),
            right.toString());
    try {
      Files.createDirectories(path);
      AtomicFile.write(
          file(cell.system(), cell.rate(), cell.seed()),
          ByteBuffer.wrap(Json.MAPPER.writeValueAsBytes(content)));
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, path + ": folder for cells cannot be made: " + e, e);
    }
  }

  /**
   * Reads a cell, empty where it has not been written.
   *
   * @param protocol what the cell must have been trained under
   * @throws LacunaException naming the file where it is damaged, cannot be read, or holds a cell of
   *     another name or protocol
   */
  public Optional<Cell> read(String system, double rate, long seed, Object protocol) {
    Path file = file(system, rate, seed);
    if (Files.notExists(file)) {
      return Optional.empty();
    }
    Content content;
    Cell cell;
    try {
      content = Json.MAPPER.readValue(Files.readAllBytes(file), Content.class);
      if (content == null) {
        throw bad("it holds null, want a cell");
      }
      cell = cell(content);
    } catch (JsonProcessingException e) {
      throw damaged(file, e.getOriginalMessage(), e);
    } catch (LacunaException e) {
      throw damaged(file, e.getMessage(), e);
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + " cannot be read: " + e, e);
    }
    List<String> differences = new ArrayList<>();
    differ(differences, "system", content.system, system);
    differ(differences, "rate", content.rate, rate);
    differ(differences, "seed", content.seed, seed);
    differences.addAll(Protocols.differences(content.protocol, Protocols.tree(protocol)));
    if (!differences.isEmpty()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          file
              + " belongs to another comparison: "
              + String.join("; ", differences)
              + ". Use another folder, or remove the file");
    }
    return Optional.of(cell);
  }

  private static Cell cell(Content content) {
    if (content.schema != SCHEMA) {
      throw bad("schema is " + content.schema + ", want " + SCHEMA);
    }
    boolean[] right = new boolean[content.right.length()];
    for (int i = 0; i < right.length; i++) {
      char c = content.right.charAt(i);
      if (c != '0' && c != '1') {
        throw bad("right has '" + c + "' at " + i + ", want 0 or 1");
      }
      right[i] = c == '1';
    }
    Cell cell =
        new Cell(
            content.system,
            content.rate,
            content.seed,
            right,
            content.validationAccuracy,
            content.seconds,
            content.diverged);
    if (cell.accuracy() != content.accuracy) {
      throw bad("accuracy is " + content.accuracy + ", but right gives " + cell.accuracy());
    }
    return cell;
  }

  private static void differ(List<String> differences, String name, Object found, Object wanted) {
    if (!found.equals(wanted)) {
      differences.add(name + " is " + found + ", want " + wanted);
    }
  }

  private static LacunaException damaged(Path file, String reason, Exception cause) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        file + " is damaged: " + reason + ". Remove it to train its cell again",
        cause);
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
