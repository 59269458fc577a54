package dev.lacuna.training.report;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Measurements by split, missing pattern and metric.
 *
 * @param bySplit split, then pattern, then metric
 */
public record Results(Map<String, Map<String, Map<String, Metric>>> bySplit) {
  /** Nothing yet. */
  public Results() {
    this(new LinkedHashMap<>());
  }

  /** Adds a measurement. */
  public void put(String split, String pattern, String metric, Metric value) {
    bySplit
        .computeIfAbsent(split, s -> new LinkedHashMap<>())
        .computeIfAbsent(pattern, p -> new LinkedHashMap<>())
        .put(metric, value);
  }

  /** Adds all that others have, with something behind the names of their splits. */
  public void putAll(String suffix, Results others) {
    others.bySplit.forEach((split, patterns) -> bySplit.put(split + suffix, patterns));
  }

  /**
   * Prints a line for every share, which accuracy is; metrics.json has what is none too. All that
   * was measured of a pattern is printed where nothing is a share, as of a system's own numbers.
   */
  public void print(PrintWriter out) {
    String row =
        "%-"
            + width(13, bySplit.keySet().stream())
            + "s %-"
            + width(16, patterns().flatMap(patterns -> patterns.keySet().stream()))
            + "s %-"
            + width(10, patterns().flatMap(Results::printed))
            + "s %7s %7s   %-17s %6s%n";
    out.printf(row, "split", "pattern", "metric", "mean", "sd", "95 % interval", "n");
    bySplit.forEach((split, patterns) ->
        patterns.forEach((pattern, metrics) -> {
          boolean shares = hasShares(metrics);
          metrics.forEach((metric, value) -> {
            List<Double> interval = value.ci95();
            if (interval != null || !shares) {
              out.printf(
                  row,
                  split,
                  pattern,
                  metric,
                  number(value.mean()),
                  value.values().size() == 1 ? "-" : number(value.sd()),
                  interval == null
                      ? "-"
                      : number(interval.get(0)) + " - " + number(interval.get(1)),
                  value.n());
            }
          });
        }));
    out.flush();
  }

  private static boolean hasShares(Map<String, Metric> metrics) {
    return metrics.values().stream().anyMatch(value -> value.ci95() != null);
  }

  private Stream<Map<String, Map<String, Metric>>> patterns() {
    return bySplit.values().stream();
  }

  /** The metrics of which {@link #print} prints a line. */
  private static Stream<String> printed(Map<String, Map<String, Metric>> patterns) {
    return patterns.values().stream()
        .flatMap(metrics ->
            metrics.keySet().stream()
                .filter(metric -> metrics.get(metric).ci95() != null || !hasShares(metrics)));
  }

  /** Of a column, wide enough for the longest of its names. */
  private static int width(int least, Stream<String> names) {
    return Math.max(least, names.mapToInt(String::length).max().orElse(0));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
