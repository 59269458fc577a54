package dev.lacuna.training.report.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Confusion;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import dev.lacuna.training.report.Diagnostic.Side;
import dev.lacuna.training.report.Diagnostic.Span;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The page, of numbers that are known. */
class RunPageTest {
  private static final String EVIL = "<b onload=\"x('&')\">";
  private static final Axis AXIS = new Axis(EVIL, Scale.LINEAR);

  private static RunPage.Seed seed(List<Confusion> confusion, Diagnostic... diagnostics) {
    return new RunPage.Seed(
        new double[] {2, 1, 0.5},
        new double[] {0.5, 0.75, 0.75},
        1,
        confusion,
        List.of(diagnostics));
  }

  private static String page(List<String> classes, RunPage.Seed... seeds) {
    Results results = new Results();
    double[] values = IntStream.range(0, seeds.length).mapToDouble(s -> 0.5 + 0.25 * s).toArray();
    results.put("test", "missing_" + EVIL, "accuracy", Metric.of(values, 40));
    return page(results, classes, seeds);
  }

  private static String page(Results results, List<String> classes, RunPage.Seed... seeds) {
    return new RunPage(
            EVIL,
            EVIL,
            EVIL,
            EVIL,
            classes,
            Measure.ACCURACY,
            results,
            List.of(seeds),
            Map.of(EVIL, Map.of(EVIL, EVIL)))
        .html();
  }

  private static Confusion confusion(int classes, int... cells) {
    int[][] counts = new int[classes][classes];
    for (int i = 0; i < cells.length; i += 3) {
      counts[cells[i]][cells[i + 1]] = cells[i + 2];
    }
    return new Confusion(EVIL, counts);
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  @Test
  void baselinesStandBesideTheSystemInOneFigure() {
    Results results = new Results();
    results.put("test", "complete", "accuracy", Metric.of(new double[] {0.75}, 40));
    results.put("test", "no_image", "accuracy", Metric.of(new double[] {0.5}, 40));
    results.put("test/mean_filling", "complete", "accuracy", Metric.of(new double[] {0.25}, 40));
    String page = page(results, List.of("a", "b"), seed(List.of()));
    assertEquals(1, count(page, "Accuracy by missing pattern, test split"));
    assertEquals(2, count(page, "<i class=\"mean s0\""));
    assertEquals(1, count(page, "<i class=\"mean s1\""));
    assertTrue(page.contains("mean filling</span>"));
    assertTrue(page.contains("<td>0.2500<small>"));
    assertEquals(1, count(page, "<td>–</td>"));
    assertEquals(2, count(page, "<i class=\"band"));
  }

  @Test
  void numbersOfASystemsOwnStandInATableBesideThoseOfItsBaselines() {
    Results results = new Results();
    results.put("test", "complete", "accuracy", Metric.of(new double[] {0.75, 0.5}, 40));
    results.put("test", "codes", "perplexity", Metric.ofScores(new double[] {30, 34}, 40));
    results.put("test", "codes", EVIL, Metric.ofScores(new double[] {Double.NaN, 1}, 40));
    results.put("test/no_club", "codes", "perplexity", Metric.ofScores(new double[] {7, 7}, 40));
    String page = page(results, List.of("a", "b"), seed(List.of()));
    assertEquals(1, count(page, "Codes in numbers, test split"));
    assertTrue(page.contains("<th scope=\"col\">no club</th>"), page);
    String row = "<th scope=\"row\">perplexity</th><td>32.0 ± 2.83</td><td>7.00 ± 0</td>";
    assertEquals(1, count(page, row), page);
    assertEquals(1, count(page, "<td>– ± –</td><td>–</td>"), page);
    assertFalse(page.contains("<b "), page);
    assertEquals(1, count(page, " by missing pattern, test split"), page);
    Results plain = new Results();
    plain.put("test", "complete", "accuracy", Metric.of(new double[] {0.75}, 40));
    assertEquals(0, count(page(plain, List.of("a", "b"), seed(List.of())), " in numbers"));
  }

  @Test
  void whateverIsNamedStandsForItself() {
    Diagnostic curves =
        new Curves(
            EVIL,
            EVIL,
            AXIS,
            AXIS,
            List.of(0.0, 1.0),
            List.of(new Series(EVIL, List.of(1.0, 2.0)), new Series("b", List.of(1.0, 2.0))));
    Diagnostic dots =
        new Dots("dots", EVIL, AXIS, List.of(EVIL), List.of(new Series(EVIL, List.of(1.0))));
    String html =
        page(List.of(EVIL, "b"), seed(List.of(confusion(2, 0, 0, 3, 1, 1, 4)), curves, dots));
    assertFalse(html.contains("<b "), html);
    assertFalse(html.contains("onload=\""), html);
    assertTrue(html.contains("&lt;b onload=&quot;x(&#39;&amp;&#39;)&quot;&gt;"), html);
  }

  @Test
  void aMatrixIsShadedByTheMeanOfItsSeedsAndZeroIsBlank() {
    Side rows = new Side(EVIL, List.of(new Span(EVIL, 2)));
    Side columns = new Side("columns", List.of(new Span("a", 1), new Span(EVIL, 2)));
    Diagnostic first =
        new Matrix(
            "matrix", "", rows, columns, List.of(List.of(4.0, 4.0, 0.0), List.of(0.0, 1e-9, 0.0)));
    Diagnostic second =
        new Matrix(
            "matrix", "", rows, columns, List.of(List.of(4.0, 4.0, 0.0), List.of(2.0, 0.0, 0.0)));
    String html = page(List.of("a", "b"), seed(List.of(), first), seed(List.of(), second));
    // the first row's two cells are of the darkest shade, side by side; a quarter has half of it
    assertTrue(html.contains("<path fill-opacity=\"1.00\" d=\"M0 0h2v1h-2z\"/>"), html);
    assertTrue(html.contains("<path fill-opacity=\"0.53\" d=\"M0 1h1v1h-1z\"/>"), html);
    // the least that is not 0 can be seen, and what is 0 has no cell
    assertTrue(html.contains("<path fill-opacity=\"0.12\" d=\"M1 1h1v1h-1z\"/>"), html);
    assertEquals(3, count(html, "<path fill-opacity"));
    assertFalse(html.contains("<b "), html);
  }

  /** Seeds have no mean where one has other columns than the next. */
  @Test
  void ofMatricesOfOtherColumnsTheFirstIsShown() {
    Side rows = new Side("rows", List.of(new Span("r", 1)));
    Diagnostic[] seeds = new Diagnostic[2];
    for (int s = 0; s < 2; s++) {
      Side columns = new Side("columns", List.of(new Span("c", 3 - s)));
      List<Double> row = List.of(1.0, 0.0, 4.0).subList(0, 3 - s);
      seeds[s] = new Matrix("matrix", "Cells.", rows, columns, List.of(row));
    }
    List<String> classes = List.of("a", "b");
    String html = page(classes, seed(List.of(), seeds[0]), seed(List.of(), seeds[1]));
    assertTrue(html.contains("d=\"M2 0h1v1h-1z\""), html);
    assertTrue(html.contains("Cells. Of the first seed"), html);
    String turned = page(classes, seed(List.of(), seeds[1]), seed(List.of(), seeds[0]));
    assertFalse(turned.contains("d=\"M2 0h1v1h-1z\""), turned);
    String same = page(classes, seed(List.of(), seeds[0]), seed(List.of(), seeds[0]));
    assertFalse(same.contains("Of the first seed"), same);
  }

  @Test
  void rowsThatHaveNamesAreTallEnoughForThem() {
    Side columns = new Side("columns", List.of(new Span("", 78)));
    List<Double> cells = IntStream.range(0, 78).mapToObj(j -> 1.0).toList();
    List<List<Double>> values = IntStream.range(0, 6).mapToObj(i -> cells).toList();
    List<Span> each = IntStream.range(0, 6).mapToObj(i -> new Span("row " + i, 1)).toList();
    List<Span> together = List.of(new Span("rows", 6));
    Diagnostic named = new Matrix("m", "", new Side("rows", each), columns, values);
    Diagnostic square = new Matrix("m", "", new Side("rows", together), columns, values);
    String tall = page(List.of("a", "b"), seed(List.of(), named));
    assertTrue(tall.contains("scale(4.0000 13.0000)"), tall);
    String flat = page(List.of("a", "b"), seed(List.of(), square));
    assertTrue(flat.contains("scale(4.0000 4.0000)"), flat);
  }

  @Test
  void aMatrixThatIsNoneIsRefused() {
    Side side = new Side("x", List.of(new Span("a", 2)));
    for (List<List<Double>> values :
        List.of(
            List.of(List.of(1.0, 1.0)),
            List.of(List.of(1.0, 1.0), List.of(1.0)),
            List.of(List.of(1.0, 1.0), List.of(1.0, -1.0)),
            List.of(List.of(1.0, 1.0), List.of(1.0, Double.NaN)))) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> new Matrix("M", "", side, side, values));
      assertTrue(e.getMessage().startsWith("M has "), e.getMessage());
    }
  }

  @Test
  void nothingIsFetchedAndNothingRuns() {
    String html = page(List.of("a", "b"), seed(List.of(confusion(2, 0, 1, 1))));
    for (String part : List.of("http", "src=", "href", "url(", "@import", "<script", "<link")) {
      assertFalse(html.contains(part), part);
    }
    assertTrue(html.contains("name=\"viewport\""), html);
  }

  @Test
  void aConfusionSumsItsSeedsAndShowsSharesOfRows() {
    RunPage.Seed first = seed(List.of(confusion(2, 0, 0, 3, 0, 1, 1, 1, 1, 4)));
    RunPage.Seed second = seed(List.of(confusion(2, 0, 0, 1, 0, 1, 3, 1, 1, 4)));
    String html = page(List.of("a", "b"), first, second);
    assertTrue(html.contains("title=\"4 of 8\">50</td>"), html);
    assertTrue(html.contains("title=\"8 of 8\">100</td>"), html);
    assertTrue(html.contains("Right: 0.7500 of n = 8 samples, each seen by 2 seeds."), html);
  }

  @Test
  void ofManyClassesTheMostConfusedPairsAreShown() {
    List<String> classes = IntStream.range(0, 100).mapToObj(c -> "class " + c).toList();
    int[][] counts = new int[100][100];
    for (int c = 0; c < 100; c++) {
      counts[c][(c + 1) % 100] = c % 20;
      counts[c][c] = 40 - c % 20;
    }
    String html = page(classes, seed(List.of(new Confusion("image", counts))));
    assertTrue(html.contains("<td>class 19</td><td>class 20</td><td>48 %</td><td>19</td>"), html);
    assertEquals(5, count(html, "<td>48 %</td>"));
    assertEquals(12, count(html, " %</td>"));
    assertTrue(html.length() < 40_000, "size " + html.length());
  }

  @Test
  void aModalityThatNoSampleHasOrThatErrsNeverIsTold() {
    String none = page(List.of("a", "b"), seed(List.of(new Confusion("sound", new int[2][2]))));
    assertTrue(none.contains("No test sample has sound."), none);
    List<String> classes = IntStream.range(0, 30).mapToObj(Integer::toString).toList();
    String right = page(classes, seed(List.of(confusion(30, 7, 7, 9))));
    assertTrue(right.contains("No sample is taken for another class."), right);
  }

  @Test
  void theFirstOfTheBestEpochsIsRinged() {
    String html = page(List.of("a", "b"), seed(List.of()));
    // the second of three epochs is in the middle of the plot
    assertEquals(2, count(html, "<circle class=\"ring s0\" cx=\"200.0\""));
  }

  @Test
  void seedsAreAveragedWhereTheyHaveNumbers() {
    Diagnostic[] dots = new Diagnostic[2];
    for (int s = 0; s < 2; s++) {
      dots[s] =
          new Dots(
              "dots",
              "",
              new Axis("x", Scale.LINEAR),
              List.of("both", "one", "none"),
              List.of(new Series("", List.of(1.0 + s, s == 0 ? Double.NaN : 5.0, Double.NaN))));
    }
    String html = page(List.of("a", "b"), seed(List.of(), dots[0]), seed(List.of(), dots[1]));
    assertTrue(html.contains("<td>1.50</td>"), html);
    assertTrue(html.contains("<td>5.00</td>"), html);
    assertTrue(html.contains("<td>–</td>"), html);
    assertFalse(html.contains("NaN"), html);
  }
}
