package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.mla.Mla;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrialTest {
  @Test
  void whatIsTriedIsLogUniformFromATenthToTenTimes() {
    double[] tried =
        IntStream.rangeClosed(1, 4_000).mapToDouble(t -> new Trial(t).around(3, 0)).toArray();
    for (int decade = 0; decade < 4; decade++) {
      double low = 0.3 * Math.pow(10, decade / 2.0);
      long count =
          IntStream.range(0, tried.length)
              .filter(t -> tried[t] >= low && tried[t] < low * Math.sqrt(10))
              .count();
      // 1000 with a deviation of 27
      assertTrue(Math.abs(count - 1_000) < 140, decade + ": " + count);
    }
    assertNotEquals(new Trial(1).around(3, 0), new Trial(1).around(3, 1));
    assertEquals(3, new Trial(0).around(3, 0));
    assertEquals(new Trial(7).around(3, 1), new Trial(7).around(3, 1));
  }

  @Test
  void mlaTriesRatesOfItsHeadAndNothingElse() {
    Mla mla = new Mla();
    double standard = mla.defaults().headRate();
    for (int t = 0; t < 5; t++) {
      Trial trial = new Trial(t);
      double tried = mla.tried(trial).headRate();
      assertEquals(trial.around(standard, 1), tried);
      assertEquals(
          mla.defaults().toString(),
          mla.tried(trial).toString().replace("headRate=" + tried, "headRate=" + standard));
    }
  }
}
