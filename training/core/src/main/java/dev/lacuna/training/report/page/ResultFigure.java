package dev.lacuna.training.report.page;

import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Results by missing pattern, a figure for each split and metric. */
final class ResultFigure {
  private ResultFigure() {}

  /** The figures of a run. */
  static List<String> all(Results results) {
    List<String> figures = new ArrayList<>();
    results
        .bySplit()
        .forEach((split, patterns) -> {
          Map<String, Map<String, Metric>> byMetric = new LinkedHashMap<>();
          patterns.forEach((pattern, metrics) ->
              metrics.forEach((name, metric) ->
                  byMetric.computeIfAbsent(name, n -> new LinkedHashMap<>()).put(pattern, metric)));
          byMetric.forEach((name, metrics) -> figures.add(of(split, name, metrics)));
        });
    return figures;
  }

  private static String of(String split, String name, Map<String, Metric> byPattern) {
    boolean several = byPattern.values().stream().anyMatch(m -> m.values().size() > 1);
    boolean intervals = byPattern.values().stream().anyMatch(m -> m.ci95() != null);
    List<DotTable.Row> rows = new ArrayList<>();
    byPattern.forEach((pattern, metric) -> rows.add(row(pattern, metric)));
    double[] all =
        rows.stream()
            .flatMap(row -> row.marks().stream())
            .flatMapToDouble(DotTable.Mark::values)
            .toArray();
    Ruler ruler = Ruler.over(all, Scale.LINEAR, 5);
    Measure measure = Measure.named(name);
    String head =
        (several ? "mean ± sd" : Html.text(measure.title()))
            + (intervals ? "<small>95 % interval</small>" : "");
    String caption =
        measure.reading()
            + " A row says what is missing, or that one modality of each sample is noise"
            + " (corrupted)."
            + (several
                ? " Large dots and numbers are means over seeds, small dots are the seeds, sd is"
                    + " between them."
                : "")
            + (intervals
                ? " The band is Wilson's 95 % interval for n samples: it says how far the choice"
                    + " of samples reaches, not that of seeds."
                : "");
    String title = measure.title() + " by missing pattern, " + split + " split";
    String content = new DotTable(measure.title(), ruler, List.of(head, "n"), rows).html();
    return Html.figure(title, content, caption);
  }

  private static DotTable.Row row(String pattern, Metric metric) {
    double[] bySeed = metric.values().stream().mapToDouble(Double::doubleValue).toArray();
    List<Double> ci95 = metric.ci95() == null ? List.of() : metric.ci95();
    double[] interval = ci95.stream().mapToDouble(Double::doubleValue).toArray();
    String spread = bySeed.length > 1 ? " ± " + Html.number(metric.sd(), 4) : "";
    String range =
        interval.length == 0
            ? ""
            : "<small>"
                + Html.number(interval[0], 4)
                + "–"
                + Html.number(interval[1], 4)
                + "</small>";
    return new DotTable.Row(
        pattern.replace('_', ' '),
        List.of(new DotTable.Mark(metric.mean(), bySeed, interval)),
        List.of(Html.number(metric.mean(), 4) + spread + range, String.valueOf(metric.n())));
  }
}
