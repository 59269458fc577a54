package dev.lacuna.training.report.page;

import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that only some systems have: a table for each split and what they are of, in which
 * baselines stand beside the system.
 *
 * @param split that was measured
 * @param of what they are of
 * @param methods by name, the system first; each by the number's name
 */
record NumberTable(String split, String of, Map<String, Map<String, Metric>> methods) {
  /**
   * The tables of a run.
   *
   * @param system whose results are those of splits without a suffix
   */
  static List<String> all(Results results, String system) {
    Map<String, Map<String, NumberTable>> tables = new LinkedHashMap<>();
    results
        .bySplit()
        .forEach((split, patterns) -> {
          String[] names = split.split("/", 2);
          patterns.forEach((pattern, metrics) ->
              metrics.forEach((name, metric) -> {
                if (Measure.named(name).isEmpty()) {
                  tables
                      .computeIfAbsent(names[0], _ -> new LinkedHashMap<>())
                      .computeIfAbsent(
                          pattern, _ -> new NumberTable(names[0], pattern, new LinkedHashMap<>()))
                      .methods
                      .computeIfAbsent(
                          names.length == 1 ? system : names[1], _ -> new LinkedHashMap<>())
                      .put(name, metric);
                }
              }));
        });
    return tables.values().stream()
        .flatMap(ofSplit -> ofSplit.values().stream())
        .map(NumberTable::html)
        .toList();
  }

  private String html() {
    StringBuilder table =
        new StringBuilder("<div class=\"scroll\"><table class=\"dots\">\n<thead><tr><td></td>");
    for (String method : methods.keySet()) {
      String name = Html.text(method.replace('_', ' '));
      table.append("<th scope=\"col\">").append(name).append("</th>");
    }
    table.append("</tr></thead>\n<tbody>\n");
    Set<String> names = new LinkedHashSet<>();
    methods.values().forEach(numbers -> names.addAll(numbers.keySet()));
    for (String name : names) {
      table.append("<tr><th scope=\"row\">").append(Html.text(name.replace('_', ' ')));
      table.append("</th>");
      for (Map<String, Metric> numbers : methods.values()) {
        table.append("<td>").append(cell(numbers.get(name))).append("</td>");
      }
      table.append("</tr>\n");
    }
    table.append("</tbody>\n</table></div>\n");
    String title = of.substring(0, 1).toUpperCase(Locale.ROOT) + of.substring(1).replace('_', ' ');
    title += " in numbers, " + split + " split";
    return methods.size() == 1
        ? Html.figure(title, table.toString(), caption())
        : Html.wideFigure(title, table.toString(), caption());
  }

  private String caption() {
    String caption = "As they are in metrics.json.";
    if (methods.size() > 1) {
      caption +=
          " Baselines were trained on the same samples and tables, for as many epochs and with the"
              + " same seeds.";
    }
    boolean severalSeeds =
        methods.values().stream()
            .flatMap(numbers -> numbers.values().stream())
            .anyMatch(metric -> metric.values().size() > 1);
    return severalSeeds ? caption + " Means over seeds ± standard deviation." : caption;
  }

  private static String cell(@Nullable Metric metric) {
    if (metric == null) {
      return "–";
    }
    return Html.brief(metric.mean())
        + (metric.values().size() > 1 ? " ± " + Html.brief(metric.sd()) : "");
  }
}
