package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.IdxReader;
import dev.lacuna.training.data.LabelledImages;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.own.FolderItems.Naming;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The samples of a file or folder, none of them read yet.
 *
 * @param kinds the kinds that the source has a place for
 * @param list the samples
 * @param listed whether a file lists them, and not a folder by what lies in it
 * @param classes their names where the source says which there are and in which order, else null
 * @param multiLabel whether a sample may have several labels, or none
 */
record Items(
    List<Kind> kinds,
    List<Item> list,
    boolean listed,
    @Nullable List<String> classes,
    boolean multiLabel) {
  private static final int BYTE_LABELS = 256;

  /** Samples of one label each, of the classes that there are in training. */
  Items(List<Kind> kinds, List<Item> list, boolean listed) {
    this(kinds, list, listed, null, false);
  }

  /** Samples with labels, of any layout. */
  static Items labelled(Path path, Columns columns, Progress progress) {
    Optional<MapLayout> map = MapLayout.of(path);
    if (map.isPresent()) {
      return map.get().items(path, progress);
    }
    Path csv = csv(path);
    if (csv != null) {
      return CsvItems.read(csv, columns, true);
    }
    if (LabelledImages.isFolder(path)) {
      List<Item> list = new ArrayList<>();
      addAll(list, "train", LabelledImages.train(path, BYTE_LABELS), null);
      addAll(list, "test", LabelledImages.test(path, BYTE_LABELS), Part.TEST);
      return new Items(List.of(Kind.IMAGE), list, false);
    }
    Naming naming = FolderItems.naming(path);
    if (naming == null) {
      throw bad(
          path,
          "want a CSV file in it, MNIST's four IDX files, unzipped, the lists of MM-IMDb,"
              + " Food-101 or Hateful Memes, or recordings named "
              + String.join(" or ", Arrays.stream(Naming.values()).map(Naming::form).toList()));
    }
    return ofFiles(FolderItems.list(path, naming));
  }

  /** Samples of a CSV file or a folder of files; labels and splits are not looked at. */
  static Items unlabelled(Path path, Columns columns) {
    Path csv = csv(path);
    return csv == null ? ofFiles(FolderItems.list(path, null)) : CsvItems.read(csv, columns, false);
  }

  private static Items ofFiles(List<Item> list) {
    List<Kind> kinds =
        Arrays.stream(Kind.values())
            .filter(kind -> list.stream().anyMatch(item -> item.sources().containsKey(kind)))
            .toList();
    return new Items(kinds, list, false);
  }

  /** The path itself where it is a file, or the one CSV file in it, or null. */
  private static @Nullable Path csv(Path path) {
    if (Files.isRegularFile(path)) {
      return path;
    }
    if (!Files.isDirectory(path)) {
      throw bad(path, "no such file or folder");
    }
    try (Stream<Path> entries = Files.list(path)) {
      List<Path> found = entries.filter(file -> file.toString().endsWith(".csv")).sorted().toList();
      if (found.size() > 1) {
        throw bad(
            path,
            "has several CSV files, want one, or the path of one: "
                + String.join(", ", found.stream().map(p -> p.getFileName().toString()).toList()));
      }
      return found.isEmpty() ? null : found.getFirst();
    } catch (IOException e) {
      throw bad(path, "cannot be listed: " + e);
    }
  }

  private static void addAll(
      List<Item> list, String name, LabelledImages images, @Nullable Part part) {
    IdxReader.Images shape = images.images();
    for (int i = 0; i < images.size(); i++) {
      int index = i;
      Map<Kind, FeatureReader.Source> sources = new EnumMap<>(Kind.class);
      sources.put(
          Kind.IMAGE, reader -> reader.image(images.image(index), shape.height(), shape.width()));
      list.add(
          new Item(
              name + "-" + i,
              images.file() + ": sample " + i,
              sources,
              List.of(Integer.toString(images.label(i))),
              part,
              null));
    }
  }

  private static LacunaException bad(Path path, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, path + ": " + what);
  }
}
