package dev.lacuna.training.report.page;

import dev.lacuna.training.report.Diagnostic.Side;
import dev.lacuna.training.report.Diagnostic.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A shaded matrix in an SVG, too fine for a table. Cells of one shade are one path, which keeps the
 * page small.
 *
 * @param rows from the top
 * @param columns from the left
 * @param values [row][column], none below 0; 0 is left blank
 */
record HeatMap(Side rows, Side columns, double[][] values) {
  private static final int WIDTH = 360;
  private static final int LEFT = 42;
  private static final int TOP = 42;
  private static final int RIGHT = 6;
  private static final int LEGEND = 34;

  /** Of the cells together, at most: a matrix of many rows gets flat ones. */
  private static final int HIGHEST = 420;

  /**
   * What a row's name needs: a matrix of many columns gets tall cells where its rows have names.
   */
  private static final int NAME = 13;

  private static final int SHADES = 16;
  private static final int SHADE_WIDTH = 8;

  /** The picture, with what its shades are. */
  String html() {
    double most = Arrays.stream(values).flatMapToDouble(Arrays::stream).max().orElse(0);
    double across = (double) (WIDTH - LEFT - RIGHT) / columns.count();
    double least = Math.min(NAME * rows.spans().size(), HIGHEST);
    double down = Math.clamp(across * rows.count(), least, HIGHEST) / rows.count();
    int height = (int) Math.ceil(TOP + down * rows.count());
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s by %s\">%n",
            WIDTH,
            height + LEGEND,
            Html.text(rows.label()),
            Html.text(columns.label())));
    svg.append(
        String.format(
            Locale.ROOT,
            "<g class=\"cells\" transform=\"translate(%d %d) scale(%.4f %.4f)\">%n",
            LEFT,
            TOP,
            across,
            down));
    for (int shade = 1; shade <= SHADES; shade++) {
      svg.append(cells(shade, most));
    }
    svg.append("</g>\n");
    names(svg, columns, across, "translate(" + LEFT + " " + TOP + ")", down * rows.count());
    // turned by a quarter, along goes up and away goes to the right
    names(
        svg,
        new Side(rows.label(), rows.spans().reversed()),
        down,
        "translate(" + LEFT + " " + height + ") rotate(-90)",
        across * columns.count());
    legend(svg, most, height + LEGEND - 8);
    return svg.append("</svg>\n").toString();
  }

  private String cells(int shade, double most) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < values.length; i++) {
      for (int j = 0; j < values[i].length; j++) {
        int from = j;
        while (j < values[i].length && shade(values[i][j], most) == shade) {
          j++;
        }
        if (j > from) {
          path.append("M").append(from).append(' ').append(i);
          path.append("h").append(j - from).append("v1h").append(from - j).append('z');
        }
      }
    }
    return path.isEmpty() ? "" : "<path" + opacity(shade) + " d=\"" + path + "\"/>\n";
  }

  /** By the root, so that a little can be told from nothing. */
  private static int shade(double value, double most) {
    return value > 0 ? Math.max(1, (int) Math.ceil(SHADES * Math.sqrt(value / most))) : 0;
  }

  private static String opacity(int shade) {
    return String.format(Locale.ROOT, " fill-opacity=\"%.2f\"", (shade + 1.0) / (SHADES + 1));
  }

  /** Label, names and bounds of one side, which runs to the right until the whole is turned. */
  private static void names(
      StringBuilder svg, Side side, double cell, String transform, double depth) {
    svg.append("<g transform=\"").append(transform).append("\">\n");
    double length = cell * side.count();
    svg.append(text(length / 2, -TOP + 13, "middle", side.label()));
    List<Span> spans = side.spans();
    int at = 0;
    for (int s = 0; s < spans.size(); s++) {
      double from = cell * at;
      at += spans.get(s).size();
      double to = cell * at;
      svg.append(
          String.format(Locale.ROOT, "<path class=\"bound\" d=\"M%.1f -4V%.1f\"/>", from, depth));
      // the names of the first and the last stay within the picture, however narrow these are
      boolean first = s == 0;
      boolean last = s == spans.size() - 1;
      String anchor = first == last ? "middle" : first ? "start" : "end";
      double place = first == last ? (from + to) / 2 : first ? from : to;
      svg.append(text(place, -8, anchor, spans.get(s).name()));
    }
    svg.append(
        String.format(
            Locale.ROOT, "<path class=\"bound\" d=\"M%.1f -4V%.1f\"/></g>%n", length, depth));
  }

  private static void legend(StringBuilder svg, double most, int level) {
    svg.append(text(LEFT, level, "start", "blank: 0"));
    int from = WIDTH - RIGHT - 56 - SHADES * SHADE_WIDTH;
    svg.append(text(from - 6, level, "end", "above 0"));
    for (int shade = 1; shade <= SHADES; shade++) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<rect class=\"cells\"%s x=\"%d\" y=\"%d\" width=\"%d\" height=\"10\"/>",
              opacity(shade),
              from + (shade - 1) * SHADE_WIDTH,
              level - 10,
              SHADE_WIDTH));
    }
    svg.append(text(WIDTH - RIGHT - 50, level, "start", Html.brief(most)));
  }

  private static String text(double x, double y, String anchor, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
        x,
        y,
        anchor,
        Html.text(text));
  }
}
