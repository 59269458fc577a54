package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.io.SafeTensors;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Curves;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Epochs counted by hand. */
class TrainingHealthTest {
  private static final int[][] HALF = {{0, 1, -1, 2}, {0, 2, 3, -1}};

  @Test
  void anEpochIsCountedOverItsSteps() {
    TrainingHealth health = new TrainingHealth(8);
    assertEquals("", health.status());
    health.add(HALF, 2, 1.5, 0.25);
    assertEquals("4 of 8 codes, perplexity 4, agreement 0.50", health.status());
    health.add(new int[][] {{0}, {0}}, 1, 0.5, 0.75);
    EpochHealth epoch = health.endEpoch();
    // codes 0, 1, 2, 3 have 4, 1, 2 and 1 of 8
    double entropy = 0.5 * Math.log(2) + 0.25 * Math.log(4) + 0.25 * Math.log(8);
    assertEquals(Math.exp(entropy), epoch.perplexity(), 1e-12);
    assertEquals(4, epoch.inUse());
    assertEquals(2 / 3.0, epoch.agreement(), 1e-15);
    assertEquals(3, epoch.replaced());
    assertEquals(1, epoch.club(), 1e-15);
    assertEquals(0.5, epoch.saturation(), 1e-15);
    assertEquals("", epoch.warning());
    assertEquals("4 of 8 codes, perplexity 3, agreement 0.67", health.status(), "of the last");
    health.add(new int[][] {{5}, {-1}}, 0, Double.NaN, Double.NaN);
    assertEquals("1 of 8 codes, perplexity 1", health.status());
    assertEquals(0, health.endEpoch().replaced());
    assertThrows(IllegalStateException.class, health::endEpoch);
  }

  private static EpochHealth epoch(double agreement, double club, double saturation) {
    return new EpochHealth(3, 2.5, agreement, 1, club, saturation);
  }

  @Test
  void aNegativeEstimateAndASaturatedVarianceAreWarnedOf() {
    assertEquals("", epoch(0.5, 0.1, 0.4).warning());
    assertEquals("", epoch(0.5, Double.NaN, Double.NaN).warning());
    String negative = epoch(0.5, -0.1, 0.4).warning();
    assertTrue(negative.contains("negative on average (-0.100)"), negative);
    String both = epoch(0.5, -0.1, 0.9).warning();
    assertTrue(both.startsWith(negative) && both.contains("90 % of CLUB's log variances"), both);
  }

  @Test
  void savedEpochsComeBackToTheBit() {
    TrainingHealth health = new TrainingHealth(8);
    SafeTensors none = new SafeTensors();
    health.save("health.", none);
    health.add(HALF, 2, -1 / 3.0, 0.25);
    health.endEpoch();
    health.add(new int[][] {{5}, {-1}}, 0, Double.NaN, Double.NaN);
    health.endEpoch();
    SafeTensors file = new SafeTensors();
    health.save("health.", file);
    TrainingHealth other = new TrainingHealth(8);
    other.add(HALF, 7, 1, 1);
    other.load("health.", file);
    assertEquals(health.epochs(), other.epochs());
    assertEquals(health.status(), other.status());
    other.load("health.", none);
    assertEquals(List.of(), other.epochs());
    assertThrows(IllegalArgumentException.class, () -> other.load("else.", file));
  }

  @Test
  void curvesLeaveOutWhatWasNotMeasured() {
    assertEquals(List.of(), EpochHealth.curves(List.of()));
    List<Diagnostic> all =
        EpochHealth.curves(List.of(epoch(0.25, 3, 0), epoch(Double.NaN, 2, 0), epoch(0.75, 1, 0)));
    assertEquals(
        List.of(
            "Use of the codebook",
            "Agreement of codes in training",
            "Estimated mutual information"),
        all.stream().map(Diagnostic::title).toList());
    Curves club = (Curves) all.get(2);
    assertEquals(List.of(1.0, 2.0, 3.0), club.at());
    assertEquals(List.of(3.0, 2.0, 1.0), club.lines().getFirst().values());
    assertEquals(List.of(3.0, 3.0, 3.0), ((Curves) all.get(0)).lines().get(0).values());
    assertEquals(1, EpochHealth.curves(List.of(epoch(Double.NaN, Double.NaN, 0))).size());
  }
}
