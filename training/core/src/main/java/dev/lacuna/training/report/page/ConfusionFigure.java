package dev.lacuna.training.report.page;

import dev.lacuna.training.report.Confusion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What one modality alone takes for what, over all seeds: a shaded table of few classes, the pairs
 * most often confused of many.
 */
final class ConfusionFigure {
  /** Classes that fit as columns on a phone. */
  private static final int MATRIX_MOST = 12;

  private static final int PAIRS_MOST = 12;

  private record Pair(int label, int predicted, int count, double share) {}

  private ConfusionFigure() {}

  /** A figure for each modality. */
  static List<String> all(List<List<Confusion>> bySeed, List<String> classes) {
    List<String> figures = new ArrayList<>();
    for (int m = 0; m < bySeed.getFirst().size(); m++) {
      int modality = m;
      Confusion sum =
          bySeed.stream().map(seed -> seed.get(modality)).reduce(Confusion::plus).orElseThrow();
      figures.add(of(sum, bySeed.size(), classes));
    }
    return figures;
  }

  private static String of(Confusion confusion, int seeds, List<String> classes) {
    int[][] counts = confusion.counts();
    String title = "Confusion, " + confusion.modality() + " alone";
    int all = Arrays.stream(counts).flatMapToInt(Arrays::stream).sum();
    if (all == 0) {
      String none = "No test sample has " + confusion.modality() + ".";
      return Html.figure(title, "", none);
    }
    int right = 0;
    for (int c = 0; c < counts.length; c++) {
      right += counts[c][c];
    }
    boolean few = classes.size() <= MATRIX_MOST;
    String caption =
        (few
                ? "Of the test samples of a class (row), per cent that are taken for each (column). "
                    + "Blue is right, orange is wrong; a dot is less than half of one per cent. "
                : "The pairs most often confused, by the share of the test samples of a class that "
                    + "are taken for another. ")
            + "Every other modality is left out. Right: "
            + Html.number((double) right / all, 4)
            + " of n = "
            + all / seeds
            + (seeds == 1 ? "." : " samples, each seen by " + seeds + " seeds.");
    return Html.figure(title, few ? matrix(counts, classes) : pairs(counts, classes), caption);
  }

  private static String matrix(int[][] counts, List<String> classes) {
    boolean upright = classes.stream().anyMatch(name -> name.length() > 3);
    StringBuilder table = new StringBuilder("<div class=\"scroll\"><table class=\"confusion");
    table.append(upright ? " upright" : "").append("\">\n<thead><tr><td></td>");
    for (String name : classes) {
      table.append("<th scope=\"col\"><span>").append(Html.text(name)).append("</span></th>");
    }
    table.append("</tr></thead>\n<tbody>\n");
    for (int label = 0; label < counts.length; label++) {
      String name = Html.text(classes.get(label));
      table.append("<tr><th scope=\"row\"><span title=\"").append(name).append("\">").append(name);
      table.append("</span></th>");
      double all = Arrays.stream(counts[label]).sum();
      for (int c = 0; c < counts.length; c++) {
        table.append(cell(counts[label][c], all, label == c));
      }
      table.append("</tr>\n");
    }
    return table.append("</tbody></table></div>\n").toString();
  }

  private static String cell(int count, double all, boolean right) {
    if (count == 0) {
      return "<td></td>";
    }
    double share = count / all;
    // by its root, so that a few per cent can be seen
    double shade = Math.sqrt(share);
    return String.format(
        Locale.ROOT,
        "<td class=\"%s%s\" style=\"--v:%.2f\" title=\"%d of %.0f\">%s</td>",
        right ? "right" : "wrong",
        shade > 0.6 ? " deep" : "",
        shade,
        count,
        all,
        share < 0.005 ? "·" : Html.number(100 * share, 0));
  }

  private static String pairs(int[][] counts, List<String> classes) {
    List<Pair> pairs = new ArrayList<>();
    for (int label = 0; label < counts.length; label++) {
      double all = Arrays.stream(counts[label]).sum();
      for (int c = 0; c < counts.length; c++) {
        if (c != label && counts[label][c] > 0) {
          pairs.add(new Pair(label, c, counts[label][c], counts[label][c] / all));
        }
      }
    }
    if (pairs.isEmpty()) {
      return "<p>No sample is taken for another class.</p>\n";
    }
    pairs.sort(
        Comparator.comparingDouble(Pair::share)
            .thenComparingInt(Pair::count)
            .reversed()
            .thenComparingInt(Pair::label)
            .thenComparingInt(Pair::predicted));
    StringBuilder table = new StringBuilder("<div class=\"scroll\"><table class=\"pairs\">\n");
    table.append("<thead><tr><th>class</th><th>taken for</th><th>share</th><th>count</th></tr>");
    table.append("</thead>\n<tbody>\n");
    for (Pair pair : pairs.subList(0, Math.min(PAIRS_MOST, pairs.size()))) {
      table.append("<tr><td>").append(Html.text(classes.get(pair.label())));
      table.append("</td><td>").append(Html.text(classes.get(pair.predicted())));
      table.append("</td><td>").append(Html.number(100 * pair.share(), 0)).append(" %</td><td>");
      table.append(pair.count()).append("</td></tr>\n");
    }
    return table.append("</tbody></table></div>\n").toString();
  }
}
