package dev.lacuna.training.compare;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.report.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PrimitiveIterator;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Systems beside each other on the same test samples.
 *
 * @param reference the system that the others are compared with
 * @param samples number of test samples
 * @param clusters by what samples were clustered in the bootstrap
 * @param replicates of the bootstrap
 * @param rows by rate, then in the order in which systems were given
 */
public record Comparison(
    String reference, int samples, List<String> clusters, int replicates, List<Row> rows) {
  /**
   * One system at one missing rate.
   *
   * @param accuracy on the test samples, a value a seed, 0 where training diverged
   * @param diverged trainings that did
   * @param validationAccuracy mean over seeds
   * @param versusReference null for the reference itself
   */
  public record Row(
      String system,
      double rate,
      Metric accuracy,
      int diverged,
      double validationAccuracy,
      @Nullable Versus versusReference) {}

  /**
   * A system less the reference at the same rate.
   *
   * @param difference of mean accuracy
   * @param ci95 the bootstrap's 95 % interval
   * @param p two-sided, of no difference
   * @param pHolm p adjusted over all rows that have one
   */
  public record Versus(double difference, List<Double> ci95, double p, double pHolm) {}

  /** Copies the lists. */
  public Comparison {
    clusters = List.copyOf(clusters);
    rows = List.copyOf(rows);
  }

  /**
   * Compares trainings.
   *
   * @param cells in any order; the order of systems is that of their first cells
   * @param reference a system that has a cell at every rate
   * @throws LacunaException where there are no cells, two of a kind, cells of another number of
   *     samples than the bootstrap's, or no reference at a rate
   */
  public static Comparison of(List<Cell> cells, String reference, PairedBootstrap bootstrap) {
    check(cells, bootstrap.samples());
    List<String> systems = cells.stream().map(Cell::system).distinct().toList();
    Map<Double, Map<String, List<Cell>>> byRate =
        cells.stream()
            .sorted(
                Comparator.comparingInt((Cell cell) -> systems.indexOf(cell.system()))
                    .thenComparingLong(Cell::seed))
            .collect(
                Collectors.groupingBy(
                    Cell::rate,
                    TreeMap::new,
                    Collectors.groupingBy(Cell::system, LinkedHashMap::new, Collectors.toList())));
    List<Row> rows = new ArrayList<>();
    byRate.forEach((rate, bySystem) -> {
      List<Cell> base = bySystem.get(reference);
      if (base == null) {
        throw bad(
            "reference '"
                + reference
                + "' has no result at rate "
                + Cell.shortest(rate)
                + ", where there are "
                + String.join(", ", bySystem.keySet()));
      }
      bySystem.forEach((system, seeds) ->
          rows.add(
              row(
                  seeds,
                  system.equals(reference) ? null : bootstrap.of(right(seeds), right(base)))));
    });
    return new Comparison(
        reference, bootstrap.samples(), bootstrap.clusters(), bootstrap.replicates(), holm(rows));
  }

  private static void check(List<Cell> cells, int samples) {
    if (cells.isEmpty()) {
      throw bad("there are no results to compare");
    }
    Set<String> seen = new HashSet<>();
    for (Cell cell : cells) {
      if (!seen.add(cell.toString())) {
        throw bad("two results of " + cell);
      }
      if (cell.right().length != samples) {
        throw bad(cell + " is of " + cell.right().length + " test samples, want " + samples);
      }
    }
  }

  private static Row row(List<Cell> seeds, PairedBootstrap.@Nullable Difference difference) {
    Cell first = seeds.getFirst();
    double[] accuracy = seeds.stream().mapToDouble(Cell::accuracy).toArray();
    return new Row(
        first.system(),
        first.rate(),
        Metric.of(accuracy, first.right().length),
        (int) seeds.stream().filter(Cell::diverged).count(),
        seeds.stream().mapToDouble(Cell::validationAccuracy).average().orElseThrow(),
        difference == null
            ? null
            : new Versus(
                difference.mean(),
                List.of(difference.low(), difference.high()),
                difference.p(),
                difference.p()));
  }

  /** The rows with their p-values adjusted; until then pHolm is p. */
  private static List<Row> holm(List<Row> rows) {
    double[] adjusted =
        Holm.adjust(
            rows.stream()
                .map(Row::versusReference)
                .filter(Objects::nonNull)
                .mapToDouble(Versus::p)
                .toArray());
    PrimitiveIterator.OfDouble next = Arrays.stream(adjusted).iterator();
    return rows.stream()
        .map(row -> {
          Versus versus = row.versusReference;
          return versus == null
              ? row
              : new Row(
                  row.system,
                  row.rate,
                  row.accuracy,
                  row.diverged,
                  row.validationAccuracy,
                  new Versus(versus.difference, versus.ci95, versus.p, next.nextDouble()));
        })
        .toList();
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, "comparison: " + message);
  }

  private static List<boolean[]> right(List<Cell> seeds) {
    return seeds.stream().map(Cell::right).toList();
  }
}
