package dev.lacuna.training.report.page;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * A table whose rows carry, under their names, dots on a common axis, and beside them the numbers.
 *
 * @param axis name of the axis
 * @param ruler the axis
 * @param heads what stands over the numbers, as HTML
 * @param rows in order
 */
record DotTable(String axis, Ruler ruler, List<String> heads, List<Row> rows) {
  /**
   * One row.
   *
   * @param name what the numbers are of
   * @param marks one a colour
   * @param cells the numbers, as HTML
   */
  record Row(String name, List<Mark> marks, List<String> cells) {}

  /**
   * A dot with what surrounds it.
   *
   * @param mean where the dot is; NaN for none
   * @param bySeed where small ones are, if there are several
   * @param interval from and to, or nothing
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
  record Mark(double mean, double[] bySeed, double[] interval) {
    DoubleStream values() {
      return DoubleStream.concat(Arrays.stream(bySeed), Arrays.stream(interval));
    }
  }

  String html() {
    StringBuilder table =
        new StringBuilder("<div class=\"scroll\"><table class=\"dots\">\n<thead>");
    table.append("<tr><td></td>");
    heads.forEach(head -> table.append("<th scope=\"col\">").append(head).append("</th>"));
    table.append("</tr></thead>\n<tbody>\n");
    for (Row row : rows) {
      table.append("<tr><th scope=\"row\">").append(Html.text(row.name()));
      table.append("<span class=\"track\">");
      for (int s = 0; s < row.marks().size(); s++) {
        mark(table, row.marks().get(s), Html.colour(s));
      }
      table.append("</span></th>");
      row.cells().forEach(cell -> table.append("<td>").append(cell).append("</td>"));
      table.append("</tr>\n");
    }
    table.append("</tbody>\n<tfoot><tr><td><span class=\"ends\">");
    table.append("<span>").append(ruler.label(ruler.low())).append("</span>");
    table.append("<span>").append(Html.text(axis)).append("</span>");
    table.append("<span>").append(ruler.label(ruler.high())).append("</span>");
    return table.append("</span></td></tr></tfoot>\n</table></div>\n").toString();
  }

  private void mark(StringBuilder html, Mark mark, String colour) {
    if (mark.interval().length == 2) {
      double from = ruler.share(mark.interval()[0]);
      double to = ruler.share(mark.interval()[1]);
      html.append(
          String.format(
              Locale.ROOT,
              "<i class=\"band %s\" style=\"left:%.2f%%;width:%.2f%%\"></i>",
              colour,
              100 * from,
              100 * (to - from)));
    }
    for (double seed : mark.bySeed()) {
      if (mark.bySeed().length > 1 && !Double.isNaN(seed)) {
        dot(html, "seed " + colour, seed);
      }
    }
    if (!Double.isNaN(mark.mean())) {
      dot(html, "mean " + colour, mark.mean());
    }
  }

  private void dot(StringBuilder html, String style, double value) {
    html.append(
        String.format(
            Locale.ROOT,
            "<i class=\"%s\" style=\"left:%.2f%%\"></i>",
            style,
            100 * ruler.share(value)));
  }
}
