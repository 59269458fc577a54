package dev.lacuna.training.report.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Confusion;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Results;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * The report of a run.
 *
 * @param system its name
 * @param title the system and its data
 * @param description of the system, in one line
 * @param summary of what was run, in one line
 * @param classes their names
 * @param choosing what epochs are chosen by
 * @param results by missing pattern
 * @param seeds what each seed left
 * @param facts by title, what was run
 */
public record RunPage(
    String system,
    String title,
    String description,
    String summary,
    List<String> classes,
    Measure choosing,
    Results results,
    List<Seed> seeds,
    Map<String, Map<String, Object>> facts) {

  /**
   * What one seed left.
   *
   * @param loss by epoch
   * @param validation what epochs are chosen by, by epoch
   * @param chosen the epoch that was kept, from 0
   * @param confusion by modality
   * @param diagnostics whatever else was measured
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
  public record Seed(
      double[] loss,
      double[] validation,
      int chosen,
      List<Confusion> confusion,
      List<Diagnostic> diagnostics) {}

  /** The page, which needs nothing else. */
  public String html() {
    String measure = choosing.title();
    String chosenBy = measure.substring(0, 1).toLowerCase(Locale.ROOT) + measure.substring(1);
    List<String> figures = new ArrayList<>(ResultFigure.all(results, system));
    figures.addAll(NumberTable.all(results, system));
    figures.add(
        curve(
            "Training loss",
            "loss",
            seeds.stream().map(Seed::loss).toList(),
            "Mean over the training samples of an epoch; the lower, the better."));
    figures.add(
        curve(
            "Validation " + chosenBy,
            chosenBy,
            seeds.stream().map(Seed::validation).toList(),
            "Mean over the missing patterns, on the validation split. The model of the ringed epoch "
                + "was kept and measured."));
    figures.addAll(ConfusionFigure.all(seeds.stream().map(Seed::confusion).toList(), classes));
    figures.addAll(DiagnosticFigure.all(seeds.stream().map(Seed::diagnostics).toList()));
    StringBuilder page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
    page.append("<meta charset=\"utf-8\">\n<meta name=\"viewport\" ");
    page.append("content=\"width=device-width, initial-scale=1\">\n<title>");
    page.append(Html.text(title)).append("</title>\n<style>\n").append(style());
    page.append("</style>\n</head>\n<body>\n<header>\n<h1>").append(Html.text(title));
    page.append("</h1>\n<p>").append(Html.text(description)).append("</p>\n<p>");
    page.append(Html.text(summary)).append("</p>\n</header>\n<main>\n");
    page.append("<div class=\"columns\">\n");
    figures.forEach(page::append);
    page.append("</div>\n<h2>What was run</h2>\n<div class=\"columns\">\n");
    facts.forEach((name, object) -> page.append(Facts.of(name, object)));
    return page.append("</div>\n</main>\n</body>\n</html>\n").toString();
  }

  private String curve(String title, String label, List<double[]> bySeed, String caption) {
    double[] epochs = IntStream.rangeClosed(1, bySeed.getFirst().length).asDoubleStream().toArray();
    LineChart chart =
        new LineChart(
            new Axis("epoch", Scale.LINEAR),
            new Axis(label, Scale.LINEAR),
            epochs,
            List.of(
                new LineChart.Line("seeds", bySeed, seeds.stream().map(Seed::chosen).toList())));
    String lines =
        seeds.size() == 1
            ? "One seed."
            : "Thin lines are " + seeds.size() + " seeds, the strong one is their mean.";
    return Html.figure(title, chart.html(), caption + " " + lines);
  }

  private static String style() {
    try (InputStream file = RunPage.class.getResourceAsStream("page.css")) {
      return new String(Objects.requireNonNull(file).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
