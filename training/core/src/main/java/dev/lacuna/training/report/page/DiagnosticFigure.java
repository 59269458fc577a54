package dev.lacuna.training.report.page;

import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What the seeds have given under one title, as one figure. */
final class DiagnosticFigure {
  private static final int STEPS = 4;

  private DiagnosticFigure() {}

  /** The figures of a run. */
  static List<String> all(List<List<Diagnostic>> bySeed) {
    Map<String, List<Diagnostic>> byTitle = new LinkedHashMap<>();
    for (List<Diagnostic> seed : bySeed) {
      seed.forEach(one -> byTitle.computeIfAbsent(one.title(), t -> new ArrayList<>()).add(one));
    }
    return byTitle.values().stream().map(DiagnosticFigure::of).toList();
  }

  private static String of(List<Diagnostic> seeds) {
    Diagnostic first = seeds.getFirst();
    String caption = first.caption();
    if (first instanceof Matrix matrix && !seeds.stream().allMatch(seed -> alike(matrix, seed))) {
      seeds = List.of(matrix);
      caption += " Of the first seed: others have rows or columns of their own.";
    }
    String content = content(first, seeds);
    return Html.figure(first.title(), content, caption);
  }

  /** Whether cells of two matrices are of the same things, so that they have a mean. */
  private static boolean alike(Matrix matrix, Diagnostic other) {
    return other instanceof Matrix that
        && that.rows().equals(matrix.rows())
        && that.columns().equals(matrix.columns());
  }

  private static String content(Diagnostic first, List<Diagnostic> seeds) {
    return switch (first) {
      case Curves curves -> curves(curves, seeds.stream().map(Curves.class::cast).toList());
      case Dots dots -> dots(dots, seeds.stream().map(Dots.class::cast).toList());
      case Matrix matrix -> matrix(matrix, seeds.stream().map(Matrix.class::cast).toList());
    };
  }

  private static String curves(Curves first, List<Curves> seeds) {
    List<LineChart.Line> lines =
        IntStream.range(0, first.lines().size())
            .mapToObj(s ->
                new LineChart.Line(
                    first.lines().get(s).name(),
                    seeds.stream().map(seed -> values(seed.lines().get(s))).toList(),
                    List.of()))
            .toList();
    double[] at = first.at().stream().mapToDouble(Double::doubleValue).toArray();
    return new LineChart(first.x(), first.y(), at, lines).html();
  }

  private static double[] values(Series series) {
    return series.values().stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static String dots(Dots first, List<Dots> seeds) {
    List<DotTable.Row> rows = new ArrayList<>();
    for (int row = 0; row < first.rows().size(); row++) {
      int r = row;
      List<DotTable.Mark> marks =
          IntStream.range(0, first.series().size())
              .mapToObj(s -> mark(seeds.stream().map(d -> d.series().get(s)).toList(), r))
              .toList();
      List<String> cells = marks.stream().map(mark -> Html.brief(mark.mean())).toList();
      rows.add(new DotTable.Row(first.rows().get(row), marks, cells));
    }
    List<String> heads =
        IntStream.range(0, first.series().size())
            .mapToObj(s -> Html.swatch(s) + Html.text(first.series().get(s).name()) + "</span>")
            .toList();
    double[] all =
        rows.stream()
            .flatMap(row -> row.marks().stream())
            .flatMapToDouble(DotTable.Mark::values)
            .toArray();
    Ruler ruler = Ruler.over(all, first.axis().scale(), STEPS);
    return new DotTable(first.axis().label(), ruler, heads, rows).html();
  }

  private static DotTable.Mark mark(List<Series> seeds, int row) {
    double[] bySeed = seeds.stream().mapToDouble(series -> series.values().get(row)).toArray();
    double mean = Arrays.stream(bySeed).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
    return new DotTable.Mark(mean, bySeed, new double[0]);
  }

  private static String matrix(Matrix first, List<Matrix> seeds) {
    double[][] mean = new double[first.rows().count()][first.columns().count()];
    for (Matrix seed : seeds) {
      for (int i = 0; i < mean.length; i++) {
        for (int j = 0; j < mean[i].length; j++) {
          mean[i][j] += seed.values().get(i).get(j) / seeds.size();
        }
      }
    }
    return new HeatMap(first.rows(), first.columns(), mean).html();
  }
}
