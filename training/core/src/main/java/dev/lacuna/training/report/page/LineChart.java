package dev.lacuna.training.report.page;

import dev.lacuna.training.report.Diagnostic.Axis;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Lines in an SVG, whose letters and colours are the page's. XChart's would draw each letter as a
 * path, which no style sheet reaches, and needs fonts on the machine that trains.
 *
 * @param x the axis of all lines
 * @param y the other axis
 * @param at places on x, ascending
 * @param lines in the order of their colours
 */
record LineChart(Axis x, Axis y, double[] at, List<Line> lines) {
  private static final int WIDTH = 360;
  private static final int HEIGHT = 234;
  private static final int LEFT = 52;
  private static final int RIGHT = 12;
  private static final int TOP = 28;
  private static final int BOTTOM = 40;

  /** Up to so many places, each is marked. */
  private static final int MARKED = 20;

  /**
   * One colour.
   *
   * @param name for the legend
   * @param bySeed [seed][place]: thin lines, and their mean where there are several
   * @param chosen by seed the number of the place to be ringed, none where it is empty
   */
  record Line(String name, List<double[]> bySeed, List<Integer> chosen) {
    /** The mean over seeds at each place, of what is a number. */
    double[] mean() {
      return IntStream.range(0, bySeed.getFirst().length)
          .mapToDouble(i ->
              bySeed.stream()
                  .mapToDouble(seed -> seed[i])
                  .filter(v -> !Double.isNaN(v))
                  .average()
                  .orElse(Double.NaN))
          .toArray();
    }
  }

  /** The picture and, where there are several lines, what their colours are. */
  String html() {
    double[] all =
        lines.stream()
            .flatMap(line -> line.bySeed().stream())
            .flatMapToDouble(Arrays::stream)
            .toArray();
    Ruler across = Ruler.exactly(at, 5);
    Ruler up = Ruler.over(all, y.scale(), 4);
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s by %s\">%n",
            WIDTH,
            HEIGHT,
            Html.text(y.label()),
            Html.text(x.label())));
    axes(svg, across, up);
    for (int s = 0; s < lines.size(); s++) {
      draw(svg, lines.get(s), s, across, up);
    }
    return svg.append("</svg>\n") + Html.legend(lines.stream().map(Line::name).toList());
  }

  private void axes(StringBuilder svg, Ruler across, Ruler up) {
    svg.append(text(2, 13, "start", y.label()));
    for (double tick : up.ticks()) {
      double level = vertical(up, tick);
      svg.append(
          String.format(
              Locale.ROOT, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, level, WIDTH - RIGHT));
      svg.append(text(LEFT - 7, level + 4, "end", up.label(tick)));
    }
    for (double tick : across.ticks()) {
      svg.append(
          text(horizontal(across, tick), HEIGHT - BOTTOM + 17, "middle", across.label(tick)));
    }
    svg.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", x.label()));
  }

  private void draw(StringBuilder svg, Line line, int series, Ruler across, Ruler up) {
    String colour = Html.colour(series);
    boolean several = line.bySeed().size() > 1;
    for (double[] seed : line.bySeed()) {
      svg.append(path(several ? "line thin " + colour : "line " + colour, seed, across, up));
    }
    double[] mean = line.mean();
    if (several) {
      svg.append(path("line " + colour, mean, across, up));
    }
    if (at.length <= MARKED) {
      for (int i = 0; i < at.length; i++) {
        if (!Double.isNaN(mean[i])) {
          svg.append(circle("dot " + colour, at[i], mean[i], 2.2, across, up));
        }
      }
    }
    for (int seed = 0; seed < line.chosen().size(); seed++) {
      int i = line.chosen().get(seed);
      svg.append(circle("ring " + colour, at[i], line.bySeed().get(seed)[i], 5, across, up));
    }
  }

  private String path(String style, double[] values, Ruler across, Ruler up) {
    List<String> points = new ArrayList<>();
    boolean begun = false;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        points.add(
            String.format(
                Locale.ROOT,
                "%s%.1f %.1f",
                begun ? "L" : "M",
                horizontal(across, at[i]),
                vertical(up, values[i])));
      }
      begun = !Double.isNaN(values[i]);
    }
    return "<path class=\"" + style + "\" d=\"" + String.join("", points) + "\"/>\n";
  }

  private static String circle(
      String style, double x, double y, double radius, Ruler across, Ruler up) {
    return String.format(
        Locale.ROOT,
        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
        style,
        horizontal(across, x),
        vertical(up, y),
        radius);
  }

  private static double horizontal(Ruler across, double value) {
    return LEFT + across.share(value) * (WIDTH - LEFT - RIGHT);
  }

  private static double vertical(Ruler up, double value) {
    return HEIGHT - BOTTOM - up.share(value) * (HEIGHT - TOP - BOTTOM);
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
