package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ScalingTest {
  @Test
  void trainingRowsAloneAreMeasuredAndAllAreScaled() {
    float[][] rows = {{1, 3}, {100, 100}, {5, 7}};
    Scaling scaling = Scaling.of(rows, new int[] {0, 2});
    assertEquals(4, scaling.mean());
    assertEquals(Math.sqrt(5), scaling.deviation(), 1e-12);
    scaling.apply(rows);
    assertArrayEquals(
        new float[] {(float) (-3 / Math.sqrt(5)), (float) (-1 / Math.sqrt(5))}, rows[0]);
    assertEquals((float) (96 / Math.sqrt(5)), rows[1][0]);
  }

  @Test
  void constantFeaturesStayFinite() {
    float[][] rows = {{2, 2}};
    Scaling.of(rows, new int[] {0}).apply(rows);
    assertArrayEquals(new float[2], rows[0]);
  }

  @Test
  void whatIsNoScalingIsRefused() {
    assertMessage(() -> new Scaling(0, 0), "deviation 0.0");
    assertMessage(() -> new Scaling(Double.NaN, 1), "mean NaN");
    assertMessage(() -> new Scaling(0, Double.POSITIVE_INFINITY), "want finite");
  }
}
