package dev.lacuna.training.data.own;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.training.data.own.MapFiles.Listed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Samples of {@link MapLayout#MM_IMDB}. */
final class MmImdbItems {
  /** The genres that MAP takes of those in the data, in its order. */
  static final List<String> GENRES =
      List.of(
          "Drama",
          "Comedy",
          "Romance",
          "Thriller",
          "Crime",
          "Action",
          "Adventure",
          "Horror",
          "Documentary",
          "Mystery",
          "Sci-Fi",
          "Fantasy",
          "Family",
          "Biography",
          "War",
          "History",
          "Music",
          "Animation",
          "Musical",
          "Western",
          "Sport",
          "Short",
          "Film-Noir");

  private MmImdbItems() {}

  static List<Item> read(Path folder) {
    Path list = folder.resolve(MapFiles.SPLIT);
    Path images = folder(folder, "images");
    Path labels = folder(folder, "labels");
    List<Listed> films = MapFiles.listed(list);
    List<Path> posters =
        films.stream().map(film -> file(images, film.name() + ".jpeg", list)).toList();
    List<Path> facts =
        films.stream().map(film -> file(labels, film.name() + ".json", list)).toList();
    MapFiles.requireAll(list, posters, "an image <id>.jpeg of each id");
    MapFiles.requireAll(list, facts, "plot and genres in <id>.json of each id");
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < films.size(); i++) {
      items.add(item(films.get(i), posters.get(i), facts.get(i)));
    }
    return items;
  }

  /** The archive has images and labels in one folder. */
  private static Path folder(Path root, String name) {
    Path dataset = root.resolve("dataset");
    Path own = root.resolve(name);
    if (!Files.isDirectory(own) && !Files.isDirectory(dataset)) {
      throw MapFiles.bad(
          root, "has " + MapFiles.SPLIT + " but no folder " + name + " or dataset, want one");
    }
    return Files.isDirectory(own) ? own : dataset;
  }

  private static Path file(Path folder, String name, Path list) {
    return MapFiles.resolve(folder, name, list.toString());
  }

  private static Item item(Listed film, Path poster, Path facts) {
    JsonNode found = MapFiles.object(facts);
    String where = facts.toString();
    List<String> plots = MapFiles.strings(found, "plot", where);
    List<String> genres =
        MapFiles.strings(found, "genres", where).stream()
            .filter(GENRES::contains)
            .distinct()
            .toList();
    String plot = plots.stream().filter(text -> !text.isBlank()).findFirst().orElse(null);
    return new Item(film.name(), where, MapFiles.sources(poster, plot), genres, film.part(), null);
  }
}
