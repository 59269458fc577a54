package dev.lacuna.training.compare;

import static dev.lacuna.training.compare.Errors.assertSays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.training.compare.Comparison.Row;
import dev.lacuna.training.compare.PairedBootstrap.Clusters;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final int SAMPLES = 200;

  private static final PairedBootstrap BOOTSTRAP =
      new PairedBootstrap(
          SAMPLES,
          List.of(
              new Clusters("image", IntStream.range(0, SAMPLES).toArray()),
              new Clusters("voice", IntStream.range(0, SAMPLES).map(i -> i % 40).toArray())),
          500,
          3);

  /** A cell with its first samples right. */
  private static Cell cell(String system, double rate, long seed, int right) {
    boolean[] table = new boolean[SAMPLES];
    for (int i = 0; i < right; i++) {
      table[i] = true;
    }
    return new Cell(system, rate, seed, table, right / 250.0, seed + 1);
  }

  private static List<Cell> cells() {
    return List.of(
        cell("mla", 0.5, 0, 150),
        cell("mla", 0.5, 1, 160),
        cell("joint", 0.5, 0, 120),
        cell("joint", 0.5, 1, 120),
        cell("mla", 0, 0, 190),
        cell("mla", 0, 1, 194),
        cell("joint", 0, 0, 192),
        cell("joint", 0, 1, 192));
  }

  private static Comparison comparison() {
    return Comparison.of(cells(), "joint", BOOTSTRAP);
  }

  @Test
  void rowsAreByRateThenInTheOrderOfSystems() {
    Comparison comparison = comparison();
    assertEquals(
        List.of("0.0 mla", "0.0 joint", "0.5 mla", "0.5 joint"),
        comparison.rows().stream().map(row -> row.rate() + " " + row.system()).toList());
    Row mla = comparison.rows().get(2);
    assertEquals(0.775, mla.accuracy().mean(), 1e-12);
    assertEquals(0.025 * Math.sqrt(2), mla.accuracy().sd(), 1e-12);
    assertEquals(List.of(0.75, 0.8), mla.accuracy().values());
    assertEquals(SAMPLES, mla.accuracy().n());
    assertEquals(0.62, mla.validationAccuracy(), 1e-12);
    assertEquals(List.of("image", "voice"), comparison.clusters());
  }

  @Test
  void differencesAreToTheReferenceAtTheSameRateAndAdjustedTogether() {
    List<Row> rows = comparison().rows();
    assertNull(rows.get(1).versusReference());
    assertNull(rows.get(3).versusReference());
    Comparison.Versus equal = rows.get(0).versusReference();
    Comparison.Versus better = rows.get(2).versusReference();
    assertNotNull(equal);
    assertNotNull(better);
    assertEquals(0, equal.difference(), 1e-12);
    assertEquals(0.175, better.difference(), 1e-12);
    PairedBootstrap.Difference expected =
        BOOTSTRAP.of(
            List.of(cells().get(0).right(), cells().get(1).right()),
            List.of(cells().get(2).right(), cells().get(3).right()));
    assertEquals(List.of(expected.low(), expected.high()), better.ci95());
    assertEquals(expected.p(), better.p());
    assertEquals(2.0 / 501, better.p(), 1e-12);
    assertEquals(4.0 / 501, better.pHolm(), 1e-12);
    assertEquals(equal.p(), equal.pHolm(), 1e-12);
  }

  @Test
  void theOrderInWhichSeedsAreGivenChangesNothing() {
    List<Cell> swapped = new ArrayList<>(cells());
    Collections.swap(swapped, 0, 1);
    Collections.swap(swapped, 4, 5);
    assertEquals(comparison(), Comparison.of(swapped, "joint", BOOTSTRAP));
  }

  @Test
  void whatCannotBeComparedIsNamed() {
    assertSays(() -> Comparison.of(List.of(), "mla", BOOTSTRAP), "no results");
    assertSays(
        () -> Comparison.of(cells(), "late", BOOTSTRAP),
        "reference 'late' has no result at rate 0, where there are mla, joint");
    List<Cell> twice = new ArrayList<>(cells());
    twice.add(cell("mla", 0.5, 1, 3));
    assertSays(
        () -> Comparison.of(twice, "mla", BOOTSTRAP), "two results of mla at rate 0.5, seed 1");
    Cell small = new Cell("mla", 0, 4, new boolean[3], 0, 0);
    assertSays(
        () -> Comparison.of(List.of(small), "mla", BOOTSTRAP),
        "mla at rate 0, seed 4 is of 3 test samples, want 200");
  }

  @Test
  void theTextTableIsAlignedAndFitsATerminal() {
    String text = ComparisonFormat.text(comparison());
    String[] lines = text.split("\n", -1);
    assertEquals(
        "rate  system  seeds  accuracy      sd     diff       95 % interval       p  Holm p",
        lines[0]);
    assertTrue(lines[1].startsWith("   0  mla         2    0.9600  0.0141  +0.0000"), lines[1]);
    assertTrue(lines[1].endsWith("1.0000  1.0000"), lines[1]);
    assertEquals(
        "   0  joint       2    0.9600  0.0000        -                   -       -       -",
        lines[2]);
    assertEquals("", lines[3], "a gap between rates");
    assertTrue(lines[4].startsWith(" 0.5  mla         2    0.7750  0.0354  +0.1750"), lines[4]);
    assertTrue(lines[4].endsWith("0.0040  0.0080"), lines[4]);
    assertTrue(text.contains("over test samples, 500 replicates."), text);
    assertTrue(text.contains("samples are clustered by image and voice."), text);
    assertTrue(text.contains("diff: to joint at the same rate."), text);
    assertTrue(text.contains("the table's 2 tests."), text);

    List<Cell> wide = new ArrayList<>(cells());
    wide.add(cell("x".repeat(20), 0.1234, 1_000_000, 7));
    wide.add(cell("joint", 0.1234, 0, 192));
    ComparisonFormat.text(Comparison.of(wide, "joint", BOOTSTRAP))
        .lines()
        .forEach(line -> assertTrue(line.length() <= 100, line));
  }

  @Test
  void oneSeedHasNoDeviationAndOneSystemNothingToCompare() {
    String text =
        ComparisonFormat.text(Comparison.of(List.of(cell("mla", 0, 0, 5)), "mla", BOOTSTRAP));
    assertTrue(text.contains("   0  mla         1    0.0250   -     -"), text);
    assertFalse(text.contains("bootstrap"), text);
  }

  @Test
  void markdownHasAHeaderARuleAndALineARow() {
    List<String> lines = ComparisonFormat.markdown(comparison()).lines().toList();
    assertEquals(
        "| rate | system | seeds | accuracy | sd | diff | 95 % interval | p | Holm p |",
        lines.get(0));
    assertEquals("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", lines.get(1));
    assertEquals("| 0 | joint | 2 | 0.9600 | 0.0000 | - | - | - | - |", lines.get(3));
    assertEquals("", lines.get(6));
    assertEquals(8, lines.size());
  }

  @Test
  void csvKeepsAllDigits() throws IOException {
    CSVFormat format = CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();
    List<CSVRecord> rows =
        format.parse(new StringReader(ComparisonFormat.csv(comparison()))).getRecords();
    assertEquals(4, rows.size());
    Comparison.Versus versus = comparison().rows().get(2).versusReference();
    assertNotNull(versus);
    assertEquals("0.5", rows.get(2).get("rate"));
    assertEquals("mla", rows.get(2).get("system"));
    assertEquals("2", rows.get(2).get("seeds"));
    assertEquals("200", rows.get(2).get("samples"));
    assertEquals(versus.ci95().get(0), Double.parseDouble(rows.get(2).get("low")));
    assertEquals(versus.ci95().get(1), Double.parseDouble(rows.get(2).get("high")));
    assertEquals(versus.p(), Double.parseDouble(rows.get(2).get("p")));
    assertEquals(versus.pHolm(), Double.parseDouble(rows.get(2).get("p_holm")));
    assertEquals("", rows.get(3).get("p_holm"));
    assertEquals("0.0", rows.get(3).get("sd"));
  }

  @Test
  void jsonHoldsConfigResultsAndRun() throws IOException {
    String text = ComparisonFormat.json(comparison(), Map.of("seeds", 2), Map.of("seconds", 1.5));
    JsonNode root = new ObjectMapper().readTree(text);
    assertEquals(1, root.path("schema").asInt());
    assertEquals(2, root.path("config").path("seeds").asInt());
    assertEquals(1.5, root.path("run").path("seconds").asDouble());
    JsonNode results = root.path("results");
    assertEquals("joint", results.path("reference").asText());
    assertEquals("voice", results.path("clusters").path(1).asText());
    JsonNode row = results.path("rows").path(2);
    assertEquals(0.75, row.path("accuracy").path("values").path(0).asDouble());
    assertEquals(4.0 / 501, row.path("versus_reference").path("p_holm").asDouble(), 1e-12);
    assertEquals(2, row.path("versus_reference").path("ci95").size());
    assertTrue(results.path("rows").path(3).path("versus_reference").isNull(), text);
  }
}
