package dev.lacuna.training.report.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.report.Diagnostic.Scale;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Axes. */
class RulerTest {
  private static List<String> labels(Ruler ruler) {
    return ruler.ticks().stream().map(ruler::label).toList();
  }

  private static Ruler linear(double... values) {
    return Ruler.over(values, Scale.LINEAR, 4);
  }

  private static Ruler log(double... values) {
    return Ruler.over(values, Scale.LOG, 4);
  }

  @Test
  void roundNumbersAreWrittenWithTheDigitsTheyNeed() {
    assertEquals(List.of("0.4", "0.6", "0.8", "1.0"), labels(linear(0.41, 0.99)));
    assertEquals(List.of("0.970", "0.975", "0.980", "0.985"), labels(linear(0.971, 0.984)));
    assertEquals(List.of("-50", "0", "50", "100"), labels(linear(-30, 90)));
    assertEquals(
        List.of("9e8", "1e9", "1.1e9"),
        labels(Ruler.over(new double[] {9e8, 1.1e9}, Scale.LINEAR, 2)));
    assertEquals(
        List.of("0", "2e-6", "4e-6"),
        labels(linear(0, 3.9e-6)).stream()
            .filter(l -> !l.startsWith("1") && !l.startsWith("3"))
            .toList());
    assertEquals(List.of("1e-6", "1e-4", "0.01", "1"), labels(log(1, 1e-5, 3e-6)));
  }

  @Test
  void veryLargeAndVerySmallNumbersHaveThreeDigitsAndAnExponent() {
    assertEquals("1e-3", Ruler.scientific(9.999e-4));
    assertEquals("-3.73e-4", Ruler.scientific(-3.7345e-4));
    assertEquals("1.2e12", Ruler.scientific(1.2e12));
    assertEquals("0", Ruler.scientific(0));
  }

  @Test
  void anAxisHoldsAllItsValues() {
    for (int draw = 0; draw < 200; draw++) {
      CounterRandom random = new CounterRandom(3, 1, draw);
      double size = Math.pow(10, random.below(0, 12) - 6);
      double[] values = {size * random.normal(1), size * random.normal(2), size};
      Ruler ruler = linear(values);
      for (double value : values) {
        String where = value + " in " + ruler;
        assertTrue(value >= ruler.low() - 1e-9 * size, where);
        assertTrue(value <= ruler.high() + 1e-9 * size, where);
        assertEquals(
            value,
            ruler.low() + ruler.share(value) * (ruler.high() - ruler.low()),
            1e-6 * size,
            where);
      }
      assertTrue(ruler.ticks().size() >= 2 && ruler.ticks().size() <= 7, ruler.toString());
    }
  }

  @Test
  void oneValueOrNoneStillHasAnAxis() {
    assertTrue(linear(0.5).low() < 0.5 && linear(0.5).high() >= 0.5);
    assertEquals(1, linear(1).high());
    assertEquals(-1, linear(-1).low());
    assertTrue(linear(0).low() < linear(0).high());
    assertTrue(linear(Double.NaN).low() < linear().high());
    assertTrue(log(3).low() <= 3 && log(3).high() >= 3);
    assertTrue(log().low() < log().high());
    assertEquals(0.5, Ruler.exactly(new double[] {1}, 5).share(1));
  }

  @Test
  void onALogarithmicAxisEqualRatiosAreEqualDistances() {
    Ruler ruler = log(1, 1e-3);
    assertEquals(1.0 / 3, ruler.share(0.01), 1e-12);
    assertEquals(2.0 / 3, ruler.share(0.1), 1e-12);
    assertEquals(0, ruler.share(0));
    assertEquals(0, ruler.share(-1));
    assertEquals(1e-8, log(1, 1e-30).low(), 1e-20);
  }

  @Test
  void epochsAreWholeNumbers() {
    assertEquals(List.of("1", "2", "3"), labels(Ruler.exactly(new double[] {1, 2, 3}, 5)));
    double[] many = new double[15];
    for (int i = 0; i < many.length; i++) {
      many[i] = i + 1;
    }
    Ruler ruler = Ruler.exactly(many, 5);
    assertEquals(List.of("5", "10", "15"), labels(ruler));
    assertEquals(0, ruler.share(1));
    assertEquals(1, ruler.share(15));
  }
}
