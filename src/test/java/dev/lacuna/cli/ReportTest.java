package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Confusion;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import dev.lacuna.training.report.Diagnostic.Side;
import dev.lacuna.training.report.Diagnostic.Span;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.page.RunPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report of a run as a browser shows it, on a laptop and on a phone. */
class ReportTest {
  /** How small letters are, those in pictures as they are scaled, be they turned or not. */
  private static final String SMALLEST_LETTERS =
      """
      Math.min(...[...document.querySelectorAll('body *')]
        .filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()))
        .map(e => parseFloat(getComputedStyle(e).fontSize)
          * (e instanceof SVGElement
            ? Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b) : 1)))\
      """;

  /** Letters that reach out of their picture. */
  private static final String CUT_LETTERS =
      """
      [...document.querySelectorAll('svg text')].filter(t => {
        const letters = t.getBoundingClientRect(), all = t.closest('svg').getBoundingClientRect();
        return letters.left < all.left - 1 || letters.right > all.right + 1
          || letters.top < all.top - 1 || letters.bottom > all.bottom + 1;
      }).map(t => t.textContent)\
      """;

  /** Cards side by side. */
  private static final String COLUMNS =
      """
      new Set([...document.querySelectorAll('.card')]
        .map(c => Math.round(c.getBoundingClientRect().left))).size\
      """;

  @TempDir static Path shared;
  private static Browser browser;

  @BeforeAll
  static void open() throws IOException, InterruptedException {
    browser = new Browser(shared.resolve("profile"));
  }

  @AfterAll
  static void close() {
    browser.close();
  }

  private static void look(Path page) {
    for (boolean phone : new boolean[] {false, true}) {
      int width = phone ? 390 : 1440;
      Browser.Visit visit = browser.show(page, width, phone ? 844 : 900, phone);
      String size = "at a width of " + width;
      assertEquals(List.of(), visit.complaints(), size);
      assertEquals(List.of(page.toUri().toString()), visit.requests(), size);
      int wide = browser.evaluate("document.documentElement.scrollWidth").asInt();
      assertTrue(wide > 0 && wide <= width, size + " the page is " + wide + " wide");
      double letters = browser.evaluate(SMALLEST_LETTERS).asDouble();
      assertTrue(letters >= 11, size + " there are letters of " + letters + " pixels");
      assertEquals("[]", browser.evaluate(CUT_LETTERS).toString(), size);
      assertEquals(phone ? 1 : 3, browser.evaluate(COLUMNS).asInt(), size);
    }
  }

  @Test
  void aTrainedRunIsWellShown() throws IOException {
    Path data = TinyData.write(shared.resolve("data"));
    Path run = shared.resolve("run");
    JsonNode document =
        Cli.run(
                "train",
                "mla",
                "--json",
                "--data-dir=" + data,
                "--out=" + run,
                "--train-size=100",
                "--validation-size=30",
                "--test-size=50",
                "--width=8",
                "--epochs=2",
                "--seeds=2")
            .json();
    look(run.resolve("report.html"));
    double complete =
        document
            .path("results")
            .path("test")
            .path("complete")
            .path("accuracy")
            .path("mean")
            .asDouble();
    String text = browser.evaluate("document.body.innerText").asText();
    assertTrue(text.contains(String.format(java.util.Locale.ROOT, "%.4f", complete)), text);
    assertTrue(text.contains("Logit drift"), text);
    assertTrue(browser.picture().length > 50_000, "the page is as good as empty");
  }

  /** Names without a place to break, many classes, many modalities, numbers of all sizes. */
  @Test
  void whateverItsDataIsThePageStaysInItsPlace() throws IOException {
    String endless = "<b>" + "Donaudampfschifffahrtsgesellschaft".repeat(3);
    Path page = shared.resolve("wild.html");
    for (int classes : new int[] {12, 100}) {
      List<String> names = IntStream.range(0, classes).mapToObj(c -> endless + c).toList();
      int[][] counts = new int[classes][classes];
      for (int i = 0; i < classes * classes; i++) {
        counts[i / classes][i % classes] = i % 7 == 0 ? i : 0;
      }
      Series series = new Series(endless, List.of(1e-12, 123_456_789.0));
      Dots dots =
          new Dots(
              endless,
              endless,
              new Axis(endless, Scale.LOG),
              List.of(endless, "b"),
              Collections.nCopies(9, series));
      // the name of a single column is wider than it is
      Side side = new Side("reads", List.of(new Span("inputs", classes), new Span("prompts", 1)));
      Matrix matrix =
          new Matrix(
              "matrix",
              endless,
              side,
              side,
              Collections.nCopies(classes + 1, Collections.nCopies(classes + 1, 0.5)));
      RunPage.Seed seed =
          new RunPage.Seed(
              new double[] {1e9},
              new double[] {1},
              0,
              IntStream.range(0, 6).mapToObj(m -> new Confusion(endless + m, counts)).toList(),
              List.of(dots, matrix));
      Results results = new Results();
      results.put("test", endless, "accuracy", Metric.of(new double[] {0, 1}, 1_000_000));
      results.put("test/" + endless, endless, "accuracy", Metric.of(new double[] {0, 1}, 1));
      String html =
          new RunPage(
                  endless,
                  endless,
                  endless,
                  endless,
                  names,
                  Measure.ACCURACY,
                  results,
                  List.of(seed, seed),
                  Map.of(endless, Map.of(endless, endless)))
              .html();
      Files.writeString(page, html);
      look(page);
    }
  }
}
