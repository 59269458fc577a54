package dev.lacuna.training.report.page;

import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Results by missing pattern: a figure for each split and metric, in which baselines stand beside
 * the system.
 *
 * @param split that was measured
 * @param measure what was measured
 * @param methods by name, the system first; each by pattern
 */
record ResultFigure(String split, Measure measure, Map<String, Map<String, Metric>> methods) {
  private static final int STEPS = 5;

  /**
   * The figures of a run; numbers that are none of {@link Measure} are left to {@link NumberTable}.
   *
   * @param system whose results are those of splits without a suffix
   */
  static List<String> all(Results results, String system) {
    Map<String, Map<String, ResultFigure>> figures = new LinkedHashMap<>();
    results
        .bySplit()
        .forEach((split, patterns) -> {
          String[] names = split.split("/", 2);
          patterns.forEach((pattern, metrics) ->
              metrics.forEach((name, metric) ->
                  Measure.named(name)
                      .ifPresent(measure ->
                          figures
                              .computeIfAbsent(names[0], _ -> new LinkedHashMap<>())
                              .computeIfAbsent(
                                  name,
                                  _ -> new ResultFigure(names[0], measure, new LinkedHashMap<>()))
                              .methods
                              .computeIfAbsent(
                                  names.length == 1 ? system : names[1], _ -> new LinkedHashMap<>())
                              .put(pattern, metric))));
        });
    return figures.values().stream()
        .flatMap(ofSplit -> ofSplit.values().stream())
        .map(ResultFigure::html)
        .toList();
  }

  private String html() {
    LinkedHashSet<String> patterns = new LinkedHashSet<>();
    methods.values().forEach(byPattern -> patterns.addAll(byPattern.keySet()));
    List<DotTable.Row> rows = patterns.stream().map(this::row).toList();
    double[] all =
        rows.stream()
            .flatMap(row -> row.marks().stream())
            .flatMapToDouble(DotTable.Mark::values)
            .toArray();
    Ruler ruler = Ruler.over(all, Scale.LINEAR, STEPS);
    String title = measure.title() + " by missing pattern, " + split + " split";
    String content = new DotTable(measure.title(), ruler, heads(), rows).html();
    return alone()
        ? Html.figure(title, content, caption())
        : Html.wideFigure(title, content, caption());
  }

  private boolean alone() {
    return methods.size() == 1;
  }

  private Stream<Metric> metrics() {
    return methods.values().stream().flatMap(byPattern -> byPattern.values().stream());
  }

  private boolean ofSeveralSeeds() {
    return metrics().anyMatch(metric -> metric.values().size() > 1);
  }

  private boolean hasIntervals() {
    return metrics().anyMatch(metric -> metric.ci95() != null);
  }

  private List<String> heads() {
    String interval = hasIntervals() ? "<small>95 % interval</small>" : "";
    List<String> heads = new ArrayList<>();
    if (alone()) {
      heads.add((ofSeveralSeeds() ? "mean ± sd" : Html.text(measure.title())) + interval);
    } else {
      for (String method : methods.keySet()) {
        heads.add(
            Html.swatch(heads.size()) + Html.text(method.replace('_', ' ')) + "</span>" + interval);
      }
    }
    heads.add("n");
    return heads;
  }

  private String caption() {
    String caption =
        measure.reading()
            + " A row says what is missing, or that one modality of each sample is noise"
            + " (corrupted).";
    if (!alone()) {
      caption +=
          " Baselines were trained on the same samples and tables, for as many epochs and with the"
              + " same seeds.";
    }
    if (ofSeveralSeeds()) {
      caption +=
          " Large dots and numbers are means over seeds, small dots are the seeds, sd is between"
              + " them.";
    }
    if (hasIntervals()) {
      caption +=
          " The "
              + (alone() ? "band" : "band of the first and the small numbers of all")
              + " is Wilson's 95 % interval for n samples: it says how far the choice of samples"
              + " reaches, not that of seeds.";
    }
    return caption;
  }

  private DotTable.Row row(String pattern) {
    List<@Nullable Metric> measured =
        methods.values().stream().<@Nullable Metric>map(of -> of.get(pattern)).toList();
    List<DotTable.Mark> marks =
        IntStream.range(0, measured.size()).mapToObj(m -> mark(measured.get(m), m == 0)).toList();
    List<String> cells = new ArrayList<>(measured.stream().map(ResultFigure::cell).toList());
    Metric any = measured.stream().filter(Objects::nonNull).findFirst().orElseThrow();
    cells.add(String.valueOf(any.n()));
    return new DotTable.Row(pattern.replace('_', ' '), marks, cells);
  }

  private static DotTable.Mark mark(@Nullable Metric metric, boolean band) {
    if (metric == null) {
      return new DotTable.Mark(Double.NaN, new double[0], new double[0]);
    }
    double[] bySeed = metric.values().stream().mapToDouble(Double::doubleValue).toArray();
    List<Double> ci95 = metric.ci95() == null || !band ? List.of() : metric.ci95();
    double[] interval = ci95.stream().mapToDouble(Double::doubleValue).toArray();
    return new DotTable.Mark(metric.mean(), bySeed, interval);
  }

  private static String cell(@Nullable Metric metric) {
    if (metric == null) {
      return "–";
    }
    String spread = metric.values().size() > 1 ? " ± " + Html.number(metric.sd(), 4) : "";
    List<Double> interval = metric.ci95();
    String range =
        interval == null
            ? ""
            : "<small>"
                + Html.number(interval.getFirst(), 4)
                + "–"
                + Html.number(interval.getLast(), 4)
                + "</small>";
    return Html.number(metric.mean(), 4) + spread + range;
  }
}
