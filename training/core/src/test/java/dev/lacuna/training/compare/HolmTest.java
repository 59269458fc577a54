package dev.lacuna.training.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class HolmTest {
  @Test
  void thePublishedExampleOfPingouinHolds() {
    // documentation of pingouin.holm
    double[] p = {.50, .003, .32, .054, .0003};
    double[] adjusted = {0.64, 0.012, 0.64, 0.162, 0.0015};
    assertArrayEquals(adjusted, Holm.adjust(p), 1e-12);
  }

  @Test
  void aLargerPIsNeverAdjustedBelowASmallerOne() {
    // sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, and the last is raised
    double[] p = {0.01, 0.04, 0.03, 0.005};
    assertArrayEquals(new double[] {0.03, 0.06, 0.06, 0.02}, Holm.adjust(p), 1e-12);
  }

  @Test
  void nothingExceedsOneAndOneTestStaysAsItIs() {
    assertArrayEquals(new double[] {1, 1, 1}, Holm.adjust(new double[] {0.5, 0.9, 1}), 0);
    assertArrayEquals(new double[] {0.04}, Holm.adjust(new double[] {0.04}), 0);
    assertEquals(0, Holm.adjust(new double[0]).length);
  }

  @Test
  void whatIsNoProbabilityIsRefused() {
    for (double bad : new double[] {-0.1, 1.1, Double.NaN}) {
      double[] p = {0.5, bad};
      assertEquals(
          "p[1] is " + bad + ", want 0 to 1",
          assertThrows(IllegalArgumentException.class, () -> Holm.adjust(p)).getMessage());
    }
  }
}
