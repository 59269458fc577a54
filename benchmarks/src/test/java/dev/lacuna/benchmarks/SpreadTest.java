package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void theMedianIsTheMiddleOfAnOddNumberInAnyOrder() {
    assertEquals(new Spread(3, 1, 50, 5), Spread.of(List.of(50.0, 3.0, 1.0, 4.0, 2.0)));
  }

  @Test
  void theMedianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle() {
    assertEquals(new Spread(2.5, 1, 9, 4), Spread.of(List.of(9.0, 1.0, 2.0, 3.0)));
  }

  @Test
  void nothingHasNoMedian() {
    assertThrows(IllegalArgumentException.class, () -> Spread.of(List.of()));
  }

  @Test
  void theSlopeIsTheExponentOfAPower() {
    double[] x = {64, 128, 256, 1000};
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = 0.03 * Math.pow(x[i], 1.75);
    }
    assertEquals(1.75, Spread.slope(x, y), 1e-12);
  }

  @Test
  void theSlopeOfNoisyPointsIsThatOfLeastSquares() {
    // by hand: logarithms to base 2 are 0, 1, 2 and 0, 2, 2
    assertEquals(1, Spread.slope(new double[] {1, 2, 4}, new double[] {1, 4, 4}), 1e-12);
  }

  @Test
  void aSlopeNeedsTwoPairs() {
    assertThrows(
        IllegalArgumentException.class, () -> Spread.slope(new double[] {1}, new double[] {1}));
    assertThrows(
        IllegalArgumentException.class, () -> Spread.slope(new double[] {1, 2}, new double[] {1}));
  }
}
