package dev.lacuna.training.compare;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.commons.csv.CSVFormat;

/**
 * The trials of tuning, of which the one that validates best is chosen for each system, the first
 * of equals.
 *
 * @param lines all trials, the systems in order
 */
record TrialLog(List<Line> lines) {
  /**
   * One trial.
   *
   * @param cell whose validation accuracy counts
   */
  record Line(int trial, Setup<?> setup, Cell cell) {}

  /**
   * By system the setup that validated best.
   *
   * @throws LacunaException where all trials of a system diverged
   */
  Map<String, Setup<?>> chosen() {
    Map<String, Setup<?>> chosen = new LinkedHashMap<>();
    best()
        .forEach((system, line) -> {
          if (line.cell.diverged()) {
            throw new LacunaException(
                Status.NON_FINITE, "all trials of " + system + " diverged, want one that learns");
          }
          chosen.put(system, line.setup);
        });
    return chosen;
  }

  private Map<String, Line> best() {
    return lines.stream()
        .collect(
            Collectors.toMap(
                line -> line.cell.system(),
                line -> line,
                (first, second) -> better(second.cell, first.cell) ? second : first,
                LinkedHashMap::new));
  }

  private static boolean better(Cell cell, Cell than) {
    return than.diverged() != cell.diverged()
        ? than.diverged()
        : cell.validationAccuracy() > than.validationAccuracy();
  }

  /** A line a trial. */
  String csv() {
    Map<String, Line> best = best();
    StringBuilder text = new StringBuilder();
    line(
        text,
        "system",
        "trial",
        "rate",
        "seed",
        "learning_rate",
        "options",
        "validation_accuracy",
        "seconds",
        "diverged",
        "chosen");
    for (Line line : lines) {
      line(
          text,
          line.cell.system(),
          line.trial,
          Cell.shortest(line.cell.rate()),
          line.cell.seed(),
          line.setup.training().learningRate(),
          options(line.setup),
          line.cell.validationAccuracy(),
          line.cell.seconds(),
          line.cell.diverged(),
          line.equals(best.get(line.cell.system())));
    }
    return text.toString();
  }

  private static void line(StringBuilder text, Object... values) {
    text.append(CSVFormat.DEFAULT.format(values)).append('\n');
  }

  private static String options(Setup<?> setup) {
    return Json.MAPPER.valueToTree(setup.options()).toString();
  }
}
