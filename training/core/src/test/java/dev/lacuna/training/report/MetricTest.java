package dev.lacuna.training.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class MetricTest {
  @Test
  void numbersOfASystemsOwnAreAllPrintedInColumns() {
    Results results = new Results();
    String name = "agreement_over_chance_image_audio";
    results.put("test", "complete", "accuracy", Metric.of(new double[] {0.5}, 40));
    results.put("test", "complete", "ece", Metric.ofScores(new double[] {0.1}, 40));
    results.put("test", "codes", name, Metric.ofScores(new double[] {12.25}, 40));
    results.put("test/no_club", "codes", "perplexity", Metric.ofScores(new double[] {7}, 40));
    StringWriter text = new StringWriter();
    results.print(new PrintWriter(text));
    List<String> lines = text.toString().lines().toList();
    assertEquals(4, lines.size(), text.toString());
    int at = lines.getFirst().indexOf("   mean");
    assertEquals(" 0.5000", lines.get(1).substring(at, at + 7));
    assertTrue(lines.get(2).substring(0, at).stripTrailing().endsWith(name), lines.get(2));
    assertEquals("12.2500", lines.get(2).substring(at, at + 7));
    assertEquals(" 7.0000", lines.get(3).substring(at, at + 7));
  }

  @Test
  void meanAndDeviationAreOverSeedsAndTheIntervalOverSamples() {
    Metric metric = Metric.of(new double[] {0.4, 0.5, 0.6}, 10);
    assertEquals(0.5, metric.mean(), 1e-15);
    assertEquals(0.1, metric.sd(), 1e-15); // of a sample: divided by 2
    assertEquals(List.of(0.4, 0.5, 0.6), metric.values());
    assertEquals(10, metric.n());
    // Wilson by hand for 5 of 10: z^2 = 3.8415, half width 0.3582 / 1.38415
    assertEquals(0.2366, metric.ci95().get(0), 5e-5);
    assertEquals(0.7634, metric.ci95().get(1), 5e-5);
  }

  @Test
  void oneSeedHasNoDeviation() {
    assertEquals(0, Metric.of(new double[] {0.75}, 4).sd());
  }

  @Test
  void theTableHasOneLineAMeasurement() {
    Results results = new Results();
    results.put("test", "complete", "accuracy", Metric.of(new double[] {0.5}, 10));
    results.put("test", "missing_image", "accuracy", Metric.of(new double[] {0.25, 0.75}, 10));
    StringWriter text = new StringWriter();
    results.print(new PrintWriter(text));
    List<String> lines = text.toString().lines().toList();
    assertEquals(3, lines.size());
    assertTrue(
        lines.get(1).matches("test +complete +accuracy +0\\.5000 +- +0\\.2366 - 0\\.7634 +10"),
        lines.get(1));
    assertTrue(
        lines.get(2).matches("test +missing_image +accuracy +0\\.5000 +0\\.3536 .*"), lines.get(2));
  }

  @Test
  void whatIsNoShareHasNoIntervalAndNoLine() {
    Metric ece = Metric.ofScores(new double[] {0.25, 0.5}, 10);
    assertEquals(0.375, ece.mean());
    assertEquals(0.25 / Math.sqrt(2), ece.sd(), 1e-15);
    assertEquals(10, ece.n());
    assertNull(ece.ci95());
    ObjectMapper json = new ObjectMapper();
    assertFalse(json.valueToTree(ece).has("ci95"), "an interval");
    assertTrue(json.valueToTree(Metric.of(new double[] {0.5}, 10)).has("ci95"), "no interval");

    Results results = new Results();
    results.put("test", "complete", "accuracy", Metric.of(new double[] {0.5}, 10));
    results.put("test", "complete", "ece", ece);
    StringWriter text = new StringWriter();
    results.print(new PrintWriter(text));
    assertEquals(2, text.toString().lines().count());
    assertFalse(text.toString().contains("ece"), text.toString());
  }
}
