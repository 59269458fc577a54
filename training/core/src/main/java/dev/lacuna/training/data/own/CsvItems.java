package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.NpyReader;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.own.FeatureReader.Source;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * Samples of a CSV file: UTF-8, with or without a byte order mark, separated by commas, quoted as
 * in RFC 4180, with a header. A cell of {@code image} or {@code audio} is a path, one of {@code
 * text} the text itself. Any of these and of {@code video} may be the path of a {@code .npy} file
 * instead ({@link ArraySource}), in all lines alike. A cell of {@code steps} says the classes of a
 * sequence's steps, whole numbers such as {@code 3 1 4 1 5} with -1 for one that nobody knows, or
 * names a {@code .npy} file of them.
 *
 * <p>A relative path starts at the CSV's folder. It may lead out of it, as an absolute one does:
 * the file is the user's own word on where the data is, not an archive from elsewhere.
 */
final class CsvItems {
  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setIgnoreEmptyLines(false).get();

  private static final Pattern STEPS = Pattern.compile("(-1|[0-9]{1,5})(\\s+(-1|[0-9]{1,5}))*+");

  private final Path folder;
  private final Map<String, Integer> positions;
  private final Columns columns;
  private final boolean labelled;
  private final Map<String, Long> lineOfId = new HashMap<>();

  private CsvItems(Path folder, Columns columns, Map<String, Integer> positions, boolean labelled) {
    this.folder = folder;
    this.columns = columns;
    this.positions = positions;
    this.labelled = labelled;
  }

  /**
   * Reads a file.
   *
   * @param labelled whether every sample must have a label; otherwise labels and splits are not
   *     looked at
   * @throws LacunaException naming the file, line and column at fault
   */
  static Items read(Path file, Columns columns, boolean labelled) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      return parse(Files.readAllBytes(file), file.toString(), folder, columns, labelled);
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + ": cannot be read: " + e, e);
    }
  }

  static Items parse(byte[] bytes, String name, Path folder, Columns columns, boolean labelled) {
    List<Item> items = new ArrayList<>();
    CsvItems reader = null;
    int width = 0;
    try (CSVParser parser = FORMAT.parse(new StringReader(text(bytes, name)))) {
      Iterator<CSVRecord> records = parser.iterator();
      for (long line = 1; records.hasNext(); line = parser.getCurrentLineNumber() + 1) {
        List<String> cells = records.next().toList();
        if (cells.size() == 1 && cells.getFirst().isBlank()) {
          continue;
        }
        String where = name + ": line " + line;
        if (reader == null) {
          List<String> header = cells.stream().map(String::strip).toList();
          Columns named = labelled ? columns : columns.within(header);
          Map<String, Integer> positions = named.locate(header, where);
          reader = new CsvItems(folder, named, positions, labelled);
          reader.checkHeader(where);
          width = header.size();
        } else if (cells.size() != width) {
          throw bad(where, cells.size() + " cells, the header has " + width);
        } else {
          items.add(reader.item(cells, line, where));
        }
      }
    } catch (IOException | UncheckedIOException | IllegalStateException e) {
      throw bad(name, "not a CSV file: " + e.getMessage());
    }
    if (reader == null || items.isEmpty()) {
      String found = reader == null ? bytes.length + " bytes" : "a header alone";
      throw bad(name, found + ", want a header and a line for every sample");
    }
    return new Items(reader.kinds(), items, true);
  }

  private static String text(byte[] bytes, String name) {
    try {
      String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw bad(name, "is no text in UTF-8, want a CSV file or a folder");
    }
  }

  private List<Kind> kinds() {
    return Arrays.stream(Kind.values()).filter(kind -> positions.containsKey(kind.text())).toList();
  }

  private void checkHeader(String where) {
    if (labelled && !positions.containsKey(Columns.LABEL)) {
      throw bad(where, "no column '" + columns.of(Columns.LABEL) + "'");
    }
    if (kinds().isEmpty()) {
      throw bad(where, "no column for image, audio, video or text");
    }
  }

  private Item item(List<String> cells, long line, String where) {
    String id = cell(cells, Columns.ID);
    if (id.isEmpty()) {
      throw bad(where, Columns.ID, "is empty");
    }
    Long before = lineOfId.putIfAbsent(id, line);
    if (before != null) {
      throw bad(where, Columns.ID, "'" + id + "' is there already, in line " + before);
    }
    Map<Kind, Source> sources = new EnumMap<>(Kind.class);
    for (Kind kind : kinds()) {
      String cell = cell(cells, kind.text());
      if (!cell.isEmpty()) {
        sources.put(kind, source(kind, cell, where));
      }
    }
    if (sources.isEmpty()) {
      throw bad(where, "sample '" + id + "' has nothing, want at least one of " + named(kinds()));
    }
    List<String> labels = labelled ? List.of(cell(cells, Columns.LABEL)) : List.of();
    if (labels.contains("")) {
      throw bad(where, Columns.LABEL, "is empty");
    }
    return new Item(id, where, sources, labels, part(cells, where), null, stepLabels(cells, where));
  }

  private Source source(Kind kind, String cell, String where) {
    if (ArraySource.isNamedBy(cell)) {
      Path array = path(cell, kind.text(), where);
      return new ArraySource(kind, array, where + ", column " + columns.of(kind.text()));
    }
    if (kind == Kind.VIDEO) {
      throw bad(where, kind.text(), "is '" + cell + "', want a .npy file of features");
    }
    if (kind == Kind.TEXT) {
      return reader -> reader.text(cell);
    }
    Path file = path(cell, kind.text(), where);
    return reader -> {
      try {
        return kind == Kind.IMAGE ? reader.image(file) : reader.audio(file);
      } catch (LacunaException e) {
        throw bad(where, kind.text(), e.getMessage());
      }
    };
  }

  private Path path(String cell, String role, String where) {
    try {
      return folder.resolve(cell).normalize();
    } catch (InvalidPathException e) {
      throw bad(where, role, "is no path: " + e.getMessage());
    }
  }

  private int @Nullable [] stepLabels(List<String> cells, String where) {
    String cell = labelled ? cell(cells, Columns.STEPS) : "";
    if (cell.isEmpty()) {
      return null;
    }
    if (ArraySource.isNamedBy(cell)) {
      try {
        return NpyReader.wholeNumbers(path(cell, Columns.STEPS, where));
      } catch (LacunaException e) {
        throw bad(where, Columns.STEPS, e.getMessage());
      }
    }
    if (!STEPS.matcher(cell).matches()) {
      throw bad(
          where,
          Columns.STEPS,
          "is '"
              + cell
              + "', want whole numbers such as 3 1 4, -1 where one is not known, or a .npy file");
    }
    return Arrays.stream(cell.split("\\s+", -1)).mapToInt(Integer::parseInt).toArray();
  }

  private @Nullable Part part(List<String> cells, String where) {
    if (!labelled || !positions.containsKey(Columns.SPLIT)) {
      return null;
    }
    try {
      return Part.of(cell(cells, Columns.SPLIT));
    } catch (LacunaException e) {
      throw bad(where, Columns.SPLIT, e.getMessage());
    }
  }

  private String cell(List<String> cells, String role) {
    Integer position = positions.get(role);
    return position == null ? "" : cells.get(position).strip();
  }

  private String named(List<Kind> kinds) {
    return String.join(", ", kinds.stream().map(kind -> columns.of(kind.text())).toList());
  }

  private LacunaException bad(String where, String role, String what) {
    return bad(where + ", column " + columns.of(role), what);
  }

  private static LacunaException bad(String where, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, where + ": " + what);
  }
}
