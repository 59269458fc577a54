package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.own.FeatureReader.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * Samples of a folder of files. Files of one name are one sample, whose suffixes tell what they
 * are: {@code 7.png}, {@code 7.wav} and {@code 7.txt} are image, audio and text of sample {@code
 * 7}. Folders within it, hidden files and other suffixes are left alone.
 */
final class FolderItems {
  private static final List<String> IMAGE_SUFFIXES =
      Arrays.stream(ImageIO.getReaderFileSuffixes())
          .map(suffix -> suffix.toLowerCase(Locale.ROOT))
          .distinct()
          .sorted()
          .toList();

  private FolderItems() {}

  /** A published way to say label and speaker in a file's name. */
  enum Naming {
    /** Of the Free Spoken Digit Dataset. */
    RECORDINGS("{digit}_{speaker}_{index}", "(?<label>\\d{1,6})_(?<group>[^_]+)_\\d{1,6}"),
    /** Of CREMA-D; one of its files has the level X. */
    CREMA_D(
        "{actor}_{sentence}_{emotion}_{level}",
        "(?<group>\\d{4})_[A-Z]{3}_(?<label>ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|MD|HI|XX?)");

    private final String form;
    private final Pattern pattern;

    Naming(String form, String pattern) {
      this.form = form;
      this.pattern = Pattern.compile(pattern);
    }

    /** How names look. */
    String form() {
      return form;
    }

    boolean fits(String stem) {
      return pattern.matcher(stem).matches();
    }
  }

  /**
   * Lists a folder.
   *
   * @param naming what names say, or null where they say nothing
   * @throws LacunaException where there is nothing to read, or a name does not fit
   */
  static List<Item> list(Path folder, @Nullable Naming naming) {
    SortedMap<String, Map<Kind, Path>> samples = byStem(folder);
    if (samples.isEmpty()) {
      throw bad(
          folder,
          "has no files to read, want .wav, .txt or images (."
              + String.join(", .", IMAGE_SUFFIXES)
              + ")");
    }
    return samples.entrySet().stream()
        .map(sample -> item(folder, sample.getKey(), sample.getValue(), naming))
        .toList();
  }

  /** The naming that the first name fits, or null where there is none. */
  static @Nullable Naming naming(Path folder) {
    return byStem(folder).keySet().stream()
        .limit(1)
        .flatMap(first -> Arrays.stream(Naming.values()).filter(way -> way.fits(first)))
        .findFirst()
        .orElse(null);
  }

  private static SortedMap<String, Map<Kind, Path>> byStem(Path folder) {
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw bad(folder, "cannot be listed: " + e);
    }
    SortedMap<String, Map<Kind, Path>> samples = new TreeMap<>();
    for (Path file : files) {
      String fileName = file.getFileName().toString();
      int dot = fileName.lastIndexOf('.');
      Kind kind = kind(fileName.substring(dot + 1).toLowerCase(Locale.ROOT));
      if (dot <= 0 || fileName.startsWith(".") || kind == null) {
        continue;
      }
      Path other =
          samples
              .computeIfAbsent(fileName.substring(0, dot), _ -> new EnumMap<>(Kind.class))
              .put(kind, file);
      if (other != null) {
        throw bad(file, "is a second " + kind.text() + " beside " + other.getFileName());
      }
    }
    return samples;
  }

  private static @Nullable Kind kind(String suffix) {
    return switch (suffix) {
      case "wav" -> Kind.AUDIO;
      case "txt" -> Kind.TEXT;
      default -> IMAGE_SUFFIXES.contains(suffix) ? Kind.IMAGE : null;
    };
  }

  private static Item item(
      Path folder, String stem, Map<Kind, Path> files, @Nullable Naming naming) {
    String where = folder.resolve(stem).toString();
    Map<Kind, Source> sources =
        files.entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    entry -> source(entry.getKey(), entry.getValue()),
                    (first, _) -> first,
                    () -> new EnumMap<>(Kind.class)));
    if (naming == null) {
      return new Item(stem, where, sources, List.of(), null, null);
    }
    Matcher name = naming.pattern.matcher(stem);
    if (!name.matches()) {
      throw bad(files.values().iterator().next(), "name is not " + naming.form);
    }
    return new Item(stem, where, sources, List.of(name.group("label")), null, name.group("group"));
  }

  private static Source source(Kind kind, Path file) {
    return switch (kind) {
      case IMAGE -> reader -> reader.image(file);
      case AUDIO -> reader -> reader.audio(file);
      case TEXT -> reader -> reader.textFile(file);
      case VIDEO -> throw new IllegalStateException(file + " has no suffix of videos");
    };
  }

  private static LacunaException bad(Path path, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, path + ": " + what);
  }
}
