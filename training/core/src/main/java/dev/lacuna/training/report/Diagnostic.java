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
  @JsonSubTypes.Type(value = Diagnostic.Dots.class, name = "dots"),
  @JsonSubTypes.Type(value = Diagnostic.Matrix.class, name = "matrix")
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

  /**
   * Neighbouring rows or columns that belong together.
   *
   * @param name of all of them
   * @param size how many
   */
  record Span(String name, int size) {}

  /**
   * The rows or the columns of a matrix.
   *
   * @param label what they are
   * @param spans from the first to the last
   */
  record Side(String label, List<Span> spans) {
    /** Takes a copy. */
    public Side {
      spans = List.copyOf(spans);
    }

    /** Number of rows or columns. */
    public int count() {
      return spans.stream().mapToInt(Span::size).sum();
    }
  }

  /**
   * Shaded cells.
   *
   * @param rows from the top
   * @param columns from the left
   * @param values of each row one for each column, none below 0; a cell of 0 is blank
   */
  record Matrix(String title, String caption, Side rows, Side columns, List<List<Double>> values)
      implements Diagnostic {
    /** Checks number and sign of the values. */
    public Matrix {
      values = values.stream().map(List::copyOf).toList();
      if (values.size() != rows.count()) {
        throw new IllegalArgumentException(
            title + " has " + values.size() + " rows of values, want " + rows.count());
      }
      for (List<Double> row : values) {
        if (row.size() != columns.count() || !row.stream().allMatch(v -> v >= 0)) {
          throw new IllegalArgumentException(
              title + " has a row " + row + ", want " + columns.count() + " values >= 0");
        }
      }
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
