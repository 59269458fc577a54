package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.metrics.Measure;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is measured of scores that are given. */
class OutputsTest {
  private record Given(Split split, double[][] scores) implements Outputs {
    @Override
    public double[][] logits(Presence presence) {
      return scores;
    }

    double measure(Measure measure) {
      return measure(measure, split.presence());
    }
  }

  private static Given ofOneClass(int[] labels, double[]... scores) {
    int[][] rows = {IntStream.range(0, labels.length).toArray()};
    return new Given(new Split("test", labels, rows), scores);
  }

  private static Given multiLabel(boolean[][] targets, double[]... scores) {
    int[][] rows = {IntStream.range(0, targets.length).toArray()};
    List<String> ids = IntStream.range(0, targets.length).mapToObj(Integer::toString).toList();
    return new Given(Split.multiLabel("test", targets, rows, ids), scores);
  }

  @Test
  void twoClassesAreRankedByTheDifferenceOfTheirScores() {
    // differences 1, -1, 0 and 2: of the four pairs three are in order
    Given given =
        ofOneClass(
            new int[] {1, 0, 0, 1},
            new double[] {-1, 0},
            new double[] {-9, -10},
            new double[] {5, 6.5},
            new double[] {5, 7});
    assertEquals(0.75, given.measure(Measure.AUROC));
    assertThrows(
        IllegalArgumentException.class,
        () -> ofOneClass(new int[] {1, 0}, new double[3], new double[3]).measure(Measure.AUROC));
  }

  @Test
  void everyClassAboveOneHalfIsPredicted() {
    // hits, false alarms and misses by class: 1 0 1, 1 1 0, 0 0 0
    Given given =
        multiLabel(
            new boolean[][] {{true, true, false}, {true, false, false}},
            new double[] {2, 0.1, -1},
            new double[] {0, 3, -2});
    assertEquals((2 / 3.0 + 2 / 3.0 + 0) / 3, given.measure(Measure.MACRO_F1), 1e-15);
    assertEquals(2 * 2 / (2 * 2 + 1 + 1.0), given.measure(Measure.MICRO_F1), 1e-15);
    assertArrayEquals(
        new double[] {1 / (1 + Math.exp(-2)), 1 / (1 + Math.exp(-0.1)), 1 / (1 + Math.E)},
        given.probabilities(given.split().presence())[0],
        1e-15);
  }

  @Test
  void averagePrecisionIsTheMeanOverClasses() {
    Given given =
        multiLabel(
            new boolean[][] {{true, true}, {false, true}, {true, false}},
            new double[] {3, -1},
            new double[] {2, -2},
            new double[] {1, 5});
    // class 0: ranks 1 and 3; class 1: ranks 2 and 3
    double wanted = ((1 + 2 / 3.0) / 2 + (1 / 2.0 + 2 / 3.0) / 2) / 2;
    assertEquals(wanted, given.measure(Measure.MAP), 1e-15);
  }

  @ParameterizedTest
  @CsvSource({"ACCURACY", "ECE"})
  void measuresOfOneClassAreRefusedOfSeveral(Measure measure) {
    Given given = multiLabel(new boolean[][] {{true, true}}, new double[2]);
    assertThrows(IllegalArgumentException.class, () -> given.measure(measure));
  }
}
