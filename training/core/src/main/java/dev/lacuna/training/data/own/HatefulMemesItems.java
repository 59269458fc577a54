package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Samples of {@link MapLayout#HATEFUL_MEMES}. */
final class HatefulMemesItems {
  /** Labels as the files have them: 1 is hateful. */
  static final List<String> CLASSES = List.of("0", "1");

  private static final String TRAIN = "train.jsonl";

  private final Path folder;
  private final Set<String> ids = new HashSet<>();
  private final List<Item> items = new ArrayList<>();

  private HatefulMemesItems(Path folder) {
    this.folder = folder;
  }

  /** Where the lists are: in a folder, or in its {@code data}. */
  static Optional<Path> folder(Path root) {
    return Stream.of(root, root.resolve("data"))
        .filter(folder -> Files.isRegularFile(folder.resolve(TRAIN)))
        .findFirst();
  }

  static List<Item> read(Path root) {
    HatefulMemesItems reader = new HatefulMemesItems(folder(root).orElseThrow());
    reader.add(reader.folder.resolve(TRAIN), Part.TRAIN);
    reader.add(reader.list("dev"), Part.VALIDATION);
    reader.add(reader.list("test"), Part.TEST);
    return reader.items;
  }

  /** The second edition calls the lists of the first so. */
  private Path list(String name) {
    Path first = folder.resolve(name + ".jsonl");
    Path second = folder.resolve(name + "_seen.jsonl");
    if (!Files.isRegularFile(first) && !Files.isRegularFile(second)) {
      throw MapFiles.bad(
          folder, "has neither " + first.getFileName() + " nor " + second.getFileName());
    }
    return Files.isRegularFile(second) ? second : first;
  }

  private void add(Path list, Part part) {
    List<String> lines;
    try {
      lines = Files.readAllLines(list, UTF_8);
    } catch (IOException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, list + ": cannot be read as UTF-8 text: " + e, e);
    }
    List<Path> images = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        images.add(add(lines.get(i), list + ": line " + (i + 1), part));
      }
    }
    if (images.isEmpty()) {
      throw MapFiles.bad(list, "has no line, want one for each meme");
    }
    MapFiles.requireAll(list, images, "the file that 'img' names in each line");
  }

  /** Adds a meme and says where its image should be. */
  private Path add(String line, String where, Part part) {
    JsonNode meme;
    try {
      meme = Json.MAPPER.readTree(line);
    } catch (JsonProcessingException e) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, where + ": is damaged: " + e.getOriginalMessage(), e);
    }
    JsonNode label = meme.path("label");
    if (label.isMissingNode()) {
      throw MapFiles.bad(where, "has no label; a list without labels cannot be learned from");
    }
    if (!CLASSES.contains(label.asText())) {
      throw MapFiles.bad(where, "label is " + label + ", want 0 or 1");
    }
    String id = meme.path("id").asText();
    if (id.isEmpty() || !ids.add(id)) {
      throw MapFiles.bad(where, "id is " + meme.path("id") + ", want each once");
    }
    Path image = MapFiles.resolve(folder, MapFiles.string(meme, "img", where), where);
    String text = MapFiles.string(meme, "text", where);
    items.add(
        new Item(id, where, MapFiles.sources(image, text), List.of(label.asText()), part, null));
    return image;
  }
}
