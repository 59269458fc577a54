package dev.lacuna.training.mla;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.training.mla.MlaOptions.Method;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

public class MlaOptionsTest {
  /** Features of 8, for tests that train. */
  public static final MlaOptions SMALL = options(Method.MLA, Projection.RLS);

  static MlaOptions options(Method method, Projection projection) {
    return new MlaOptions(
        method,
        8,
        1,
        4,
        0.05,
        "none",
        1,
        0.9,
        1e-4,
        projection,
        Order.PROJECT_THEN_ABSORB,
        Norm.FRO,
        Fusion.Mode.DYNAMIC);
  }

  private static MlaOptions with(
      int width, int epochs, int batch, double rate, double head, double momentum, double decay) {
    return new MlaOptions(
        Method.MLA,
        width,
        epochs,
        batch,
        rate,
        "none",
        head,
        momentum,
        decay,
        Projection.RLS,
        Order.PROJECT_THEN_ABSORB,
        Norm.FRO,
        Fusion.Mode.DYNAMIC);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 1, 1, 1, 0, 0, width is 0",
    "60000, 1, 1, 1, 1, 0, 0, width is 60000",
    "1, 0, 1, 1, 1, 0, 0, epochs is 0",
    "1, 1, -2, 1, 1, 0, 0, batch is -2",
    "1, 1, 1, 0, 1, 0, 0, learning rate is 0.0",
    "1, 1, 1, NaN, 1, 0, 0, learning rate is NaN",
    "1, 1, 1, Infinity, 1, 0, 0, learning rate is Infinity",
    "1, 1, 1, 1, -1, 0, 0, head rate is -1.0",
    "1, 1, 1, 1, 1, 1, 0, momentum is 1.0",
    "1, 1, 1, 1, 1, NaN, 0, momentum is NaN",
    "1, 1, 1, 1, 1, 0, -1e-4, weight decay is -1.0E-4",
    "1, 1, 1, 1, 1, 0, NaN, weight decay is NaN"
  })
  void whatIsOutOfRangeIsNamed(
      int width,
      int epochs,
      int batch,
      double rate,
      double head,
      double momentum,
      double decay,
      String part) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> with(width, epochs, batch, rate, head, momentum, decay))
            .getMessage();
    assertTrue(message.startsWith(part + ", want "), message);
  }

  @Test
  void theEndsOfTheRangesAreTaken() {
    assertEquals(1, with(1, 1, 1, 1e-30, 1e-30, 0, 0).width());
    assertEquals(16_384, with(16_384, 1, 1, 1, 1, 0.999, 10).width());
  }

  @Test
  void aRunHasAtLeastOneSeed() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new MlaConfig("toy", 1, 1, 1, 0, "none", 0, SMALL))
            .getMessage();
    assertEquals("seeds is 0, want >= 1", message);
  }
}
