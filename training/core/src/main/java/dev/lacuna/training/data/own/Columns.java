package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What the columns of a CSV file are called, where it is not {@code id}, {@code image}, {@code
 * audio}, {@code video}, {@code text}, {@code label}, {@code split} and {@code steps}: the value of
 * {@code --columns}.
 *
 * @param names the name in the file of those that are called otherwise
 * @param ignored columns of the file to leave alone
 */
public record Columns(Map<String, String> names, Set<String> ignored) {
  static final String ID = "id";
  static final String LABEL = "label";
  static final String SPLIT = "split";
  static final String STEPS = "steps";

  /** All columns have their own names. */
  public static final Columns STANDARD = new Columns(Map.of(), Set.of());

  private static final List<String> ROLES =
      List.of(ID, "image", "audio", "video", "text", LABEL, SPLIT, STEPS);
  private static final String IGNORE = "ignore";

  /** What some programs write between columns instead of commas. */
  private static final Pattern SEPARATORS = Pattern.compile("[;\t|]");

  /** Copies both, in an order that does not vary from run to run. */
  public Columns {
    names = Collections.unmodifiableMap(new TreeMap<>(names));
    ignored = Collections.unmodifiableSet(new TreeSet<>(ignored));
  }

  /**
   * Reads {@code id=key,image=photo,label=class}; {@code ignore=notes} leaves a column alone, and
   * may be there several times.
   *
   * @throws LacunaException saying what was given and what is wanted
   */
  public static Columns parse(String spec) {
    Map<String, String> names = new HashMap<>();
    Set<String> used = new LinkedHashSet<>();
    Set<String> ignored = new LinkedHashSet<>();
    for (String part : spec.split(",", -1)) {
      int equals = part.indexOf('=');
      String role = equals < 0 ? part : part.substring(0, equals).strip();
      String name = equals < 0 ? "" : part.substring(equals + 1).strip();
      if (name.isEmpty()) {
        throw bad("'" + part + "'");
      }
      if (!used.add(name)) {
        throw bad("column '" + name + "' twice");
      }
      if (role.equals(IGNORE)) {
        ignored.add(name);
      } else if (!ROLES.contains(role)) {
        throw bad("'" + role + "'");
      } else if (names.put(role, name) != null) {
        throw bad(role + " twice");
      }
    }
    return new Columns(names, ignored);
  }

  /**
   * For a file that need not have all columns, as one without labels: what its header does not have
   * is called as it is where nothing is named.
   */
  Columns within(List<String> header) {
    Map<String, String> found = new HashMap<>(names);
    found.values().retainAll(header);
    Set<String> left = new LinkedHashSet<>(ignored);
    left.retainAll(header);
    return new Columns(found, left);
  }

  /** What the column of a role is called in the file. */
  String of(String role) {
    return names.getOrDefault(role, role);
  }

  /**
   * Checks a file's header against what is named here and looks for the columns.
   *
   * @param where for messages
   * @return the position of each role that the file has
   */
  Map<String, Integer> locate(List<String> header, String where) {
    if (Set.copyOf(header).size() < header.size()) {
      throw bad(where, "a column is there twice", header);
    }
    Map<String, Integer> positions = new HashMap<>();
    Set<String> unknown = new LinkedHashSet<>(header);
    unknown.removeAll(ignored);
    for (String role : ROLES) {
      int position = ignored.contains(of(role)) ? -1 : header.indexOf(of(role));
      if (position >= 0) {
        positions.put(role, position);
        unknown.remove(of(role));
      } else if (names.containsKey(role)) {
        throw bad(where, "no column '" + of(role) + "', which --columns names for " + role, header);
      }
    }
    if (header.size() == 1 && SEPARATORS.matcher(header.getFirst()).find()) {
      throw bad(where, "no comma, want columns separated by commas", header);
    }
    if (!unknown.isEmpty()) {
      throw bad(
          where,
          "unknown column '"
              + unknown.iterator().next()
              + "', want "
              + String.join(", ", ROLES.stream().map(this::of).toList())
              + "; name it with --columns, or leave it out with --columns ignore="
              + unknown.iterator().next(),
          header);
    }
    for (String name : ignored) {
      if (!header.contains(name)) {
        throw bad(where, "no column '" + name + "', which --columns ignores", header);
      }
    }
    if (!positions.containsKey(ID)) {
      throw bad(where, "no column '" + of(ID) + "'", header);
    }
    return positions;
  }

  private static LacunaException bad(String given) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        "--columns: got "
            + given
            + "; want pairs such as id=key,image=photo,label=class of "
            + String.join(", ", ROLES)
            + " or ignore with a column's name");
  }

  private static LacunaException bad(String where, String what, List<String> header) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        where + ": " + what + " (the columns are: " + String.join(", ", header) + ")");
  }
}
