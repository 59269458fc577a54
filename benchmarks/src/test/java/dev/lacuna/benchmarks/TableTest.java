package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.Tier;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableTest {
  private static final Line LINE =
      new Line(
          "vq_search fast",
          "16384x256x512",
          new Spread(10, 9.5, 11.25, 5),
          "libtorch blocks of 1024 1/2",
          "OMP_NUM_THREADS=1",
          new Spread(28.4, 28, 30, 5),
          2.84,
          3.5,
          6.0,
          0.92,
          "compute",
          429.5,
          100,
          1.5e-7,
          0.0);
  private static final Line ALONE =
      new Line(
          "rls",
          "512x10",
          new Spread(1, 1, 1, 2),
          null,
          null,
          null,
          null,
          1.8,
          null,
          0.5,
          "memory",
          5,
          1,
          0,
          null);

  @Test
  void aLineShowsItsNumbersUnderTheirNames() {
    String header = Table.header();
    String line = Table.line(LINE);
    for (String[] cell :
        new String[][] {
          {"ours_ms", "10.0"},
          {"peer_ms", "28.4"},
          {"bar", "3.50"},
          {"vs_usual", "6.00"},
          {"share", "92%"},
          {"error", "1.5e-07"}
        }) {
      int end = header.indexOf(cell[0]) + cell[0].length();
      assertTrue(line.substring(0, end).endsWith(cell[1]), cell[0] + " in\n" + line);
    }
    assertTrue(line.contains("(9.50..11.3)"), line);
  }

  @Test
  void aRatioBelowItsBarIsMarked() {
    assertTrue(LINE.isShort());
    assertTrue(Table.line(LINE).contains("2.84<"));
    assertTrue(Table.footer(List.of(LINE, ALONE)).startsWith("0 of 1 ratios reach their bar"));
  }

  @Test
  void whatNobodyElseDoesIsLeftOpen() {
    assertFalse(ALONE.isShort());
    assertTrue(Table.line(ALONE).contains(" - "), Table.line(ALONE));
  }

  @ParameterizedTest
  @CsvSource({"0.01234, 0.012", "1.234, 1.23", "12.34, 12.3", "1234.4, 1234"})
  void millisecondsHaveThreeDigits(double value, String text) {
    assertEquals(text, Table.milliseconds(value));
  }

  @Test
  void theJsonDocumentHoldsWhatTheTableShows() throws IOException {
    Machine machine = new Machine(2, "avx512", 100, 200, 400, 800, 16, 20, 20, 30, 20, 25);
    String text =
        Bench.text(
            new Bench.Document(
                1,
                "a CPU",
                machine,
                Tier.BEST,
                5,
                1.5,
                List.of("a peer"),
                List.of(LINE, ALONE),
                List.of()));
    JsonNode document = new ObjectMapper().readTree(text);
    assertEquals(1, document.path("schema").asInt());
    assertEquals(400, document.at("/machine/bf16_gflops").asDouble());
    assertEquals(20, document.at("/machine/read_gbs").asDouble());
    assertEquals("a peer", document.at("/peers/0").asText());
    assertEquals(30, document.at("/machine/copy_gbs").asDouble());
    assertEquals("BEST", document.path("tier").asText());
    assertEquals(5, document.path("rounds").asInt());
    JsonNode row = document.at("/rows/0");
    assertEquals(11.25, row.at("/ours/most").asDouble());
    assertEquals(2.84, row.path("ratio").asDouble());
    assertEquals("OMP_NUM_THREADS=1", row.path("peerSettings").asText());
    assertTrue(row.path("short").asBoolean());
    assertTrue(document.at("/rows/1/theirs").isMissingNode());
  }
}
