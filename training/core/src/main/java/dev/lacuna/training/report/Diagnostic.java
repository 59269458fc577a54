package dev.lacuna.training.report;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/**
 * Something measured of a trained model that is best seen as a picture. Every seed gives its own;
 * those of one title become one figure of report.html.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "form")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Diagnostic.Curves.class, name = "curves"),
  @JsonSubTypes.Type(value = Diagnostic.Dots.class, name = "dots")
})
public sealed interface Diagnostic {
  /** A few words. */
  String title();

  /** What is seen, how to read it, units and sample sizes. */
  String caption();

  /** How an axis is divided. */
  enum Scale {
    LINEAR,
    /** For numbers above 0. */
    LOG
  }

  /**
   * An axis.
   *
   * @param label what it measures, with its unit
   * @param scale how it is divided
   */
  record Axis(String label, Scale scale) {}

  /**
   * Numbers of one kind, drawn in one colour; NaN is left out.
   *
   * @param name for the legend
   * @param values as many as there are places
   */
  record Series(String name, List<Double> values) {
    /** Takes a copy. */
    public Series {
      values = List.copyOf(values);
    }
  }

  /**
   * Lines over a common axis.
   *
   * @param at places on the axis x, ascending
   * @param lines each with a value for each place
   */
  record Curves(String title, String caption, Axis x, Axis y, List<Double> at, List<Series> lines)
      implements Diagnostic {
    /** Checks the number of values. */
    public Curves {
      at = List.copyOf(at);
      lines = List.copyOf(lines);
      requireValues(title, at.size(), lines);
    }
  }

  /**
   * Dots in named rows.
   *
   * @param axis of all values
   * @param rows their names
   * @param series each with a value for each row
   */
  record Dots(String title, String caption, Axis axis, List<String> rows, List<Series> series)
      implements Diagnostic {
    /** Checks the number of values. */
    public Dots {
      rows = List.copyOf(rows);
      series = List.copyOf(series);
      requireValues(title, rows.size(), series);
    }
  }

  private static void requireValues(String title, int places, List<Series> series) {
    for (Series one : series) {
      if (one.values().size() != places) {
        throw new IllegalArgumentException(
            title
                + ": "
                + one.name()
                + " has "
                + one.values().size()
                + " values, want "
                + places
                + ", one a place");
      }
    }
  }
}
