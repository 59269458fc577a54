package dev.lacuna.training.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.optim.Sgd;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

public class MlaOptionsTest {
  /** Features of 8, for tests that train. */
  public static final MlaOptions SMALL = with(8, 1, Projection.RLS);

  static MlaOptions with(int width, double headRate, Projection projection) {
    MlaOptions d = MlaOptions.DEFAULT;
    return new MlaOptions(
        width,
        projection,
        d.order(),
        d.norm(),
        d.denominator(),
        d.apply(),
        d.forgetting(),
        d.firstCall(),
        d.alpha(),
        d.reset(),
        d.headState(),
        d.staleGradient(),
        headRate,
        d.fusion(),
        d.shares());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, width is 0",
    "60000, 1, width is 60000",
    "1, -1, head rate is -1.0",
    "1, NaN, head rate is NaN",
    "1, Infinity, head rate is Infinity"
  })
  void whatIsOutOfRangeIsNamed(int width, double headRate, String part) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> with(width, headRate, Projection.RLS))
            .getMessage();
    assertTrue(message.startsWith(part + ", want "), message);
  }

  @Test
  void theEndsOfTheRangesAreTaken() {
    assertEquals(1, with(1, 1e-30, Projection.RLS).width());
    assertEquals(16_384, with(16_384, 1, Projection.RLS).width());
  }

  @Test
  void aStepsOptionsComeBackWithTheOptimisersOfTraining() {
    for (AlternatingStep.Options step :
        List.of(
            AlternatingStep.Options.DEFAULT,
            AlternatingStep.Options.official(),
            AlternatingStep.Options.balanceBenchmark())) {
      MlaOptions options = MlaOptions.of(8, step, Fusion.Mode.FIXED, List.of());
      assertEquals(step, options.step(step.sgd()));
      assertEquals(step.withSgd(Sgd.Options.DEFAULT), options.step(Sgd.Options.DEFAULT));
    }
  }

  private static MlaOptions shared(Fusion.Mode mode, Double... shares) {
    return MlaOptions.of(8, AlternatingStep.Options.DEFAULT, mode, List.of(shares));
  }

  @Test
  void sharesWeighTheModalitiesInTheirOrder() {
    double[][][] logits = {{{1, 0}}, {{0, 1}}};
    double[][] entropy = {{0.1}, {0.1}};
    assertArrayEquals(
        new double[] {0.25, 0.75},
        shared(Fusion.Mode.FIXED, 1.0, 3.0)
            .fusion(List.of("image", "audio"))
            .fuse(logits, entropy, Presence.complete(1, 2))[0]);
  }

  @Test
  void sharesThatCannotBeAreNamed() {
    assertThrows(IllegalArgumentException.class, () -> shared(Fusion.Mode.FIXED, 1.0, 0.0));
    assertThrows(IllegalArgumentException.class, () -> shared(Fusion.Mode.FIXED, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> shared(Fusion.Mode.DYNAMIC, 1.0));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> shared(Fusion.Mode.FIXED, 1.0).fusion(List.of("image", "audio")))
            .getMessage();
    assertEquals("there are 1 shares, want one for each of [image, audio]", message);
  }
}
