package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every metric of scores. */
final class MetricPropertyTest {
  private static final int SAMPLES = 50;
  private static final int CLASSES = 4;

  /** Scores and one label a sample. */
  private interface OneLabel {
    double of(double[][] scores, int[] labels);
  }

  /** Scores and a row of labels a sample. */
  interface ManyLabels {
    double of(double[][] scores, boolean[][] labels);
  }

  @SuppressWarnings("ImmutableEnumChecker") // functions without state
  enum Metric {
    ACCURACY(Accuracy::of),
    CONFUSION((s, y) -> Classification.confusionMatrix(s, y)[1][1] / (double) count(y, 1)),
    MACRO_F1(Classification::macroF1),
    MICRO_F1(Classification::microF1),
    MACRO_AUROC(Ranking::macroAuroc),
    MEAN_AVERAGE_PRECISION(Ranking::meanAveragePrecision),
    RECALL_AT_1((s, y) -> Retrieval.recallAt(1, s, y)),
    CALIBRATION((s, y) -> 1 - Calibration.ece(s, y)),
    MANY_MACRO_F1(many((s, y) -> Classification.macroF1(s, y, 0.5))),
    MANY_MICRO_F1(many((s, y) -> Classification.microF1(s, y, 0.5))),
    MANY_MACRO_AUROC(many(Ranking::macroAuroc)),
    MANY_MEAN_AVERAGE_PRECISION(many(Ranking::meanAveragePrecision)),
    AUROC(many((s, y) -> Ranking.auroc(first(s), first(y)))),
    AVERAGE_PRECISION(many((s, y) -> Ranking.averagePrecision(first(s), first(y))));

    private final OneLabel metric;

    Metric(OneLabel metric) {
      this.metric = metric;
    }

    private static long count(int[] labels, int label) {
      return Arrays.stream(labels).filter(y -> y == label).count();
    }

    private static OneLabel many(ManyLabels metric) {
      return (scores, labels) -> metric.of(scores, Inputs.oneHot(labels, CLASSES));
    }

    private static double[] first(double[][] rows) {
      return Arrays.stream(rows).mapToDouble(row -> row[0]).toArray();
    }

    private static boolean[] first(boolean[][] rows) {
      boolean[] column = new boolean[rows.length];
      for (int i = 0; i < rows.length; i++) {
        column[i] = rows[i][0];
      }
      return column;
    }
  }

  /** Probabilities in steps of 1/16, so with ties, that sum to 1. */
  private static double[][] probabilities() {
    CounterRandom random = new CounterRandom(11, 0, 0);
    double[][] rows = new double[SAMPLES][CLASSES];
    for (int i = 0; i < SAMPLES; i++) {
      for (int draw = 0; draw < 16; draw++) {
        double z = random.normal(16L * i + draw);
        int c = z < -0.7 ? i % CLASSES : (int) Math.min(CLASSES - 1, Math.abs(2 * z));
        rows[i][c] += 1 / 16.0;
      }
    }
    return rows;
  }

  private static int[] labels() {
    return IntStream.range(0, SAMPLES).map(i -> i % CLASSES).toArray();
  }

  @ParameterizedTest
  @EnumSource
  void theOrderOfSamplesDoesNotMatter(Metric metric) {
    double[][] scores = probabilities();
    int[] labels = labels();
    double value = metric.metric.of(scores, labels);
    assertTrue(value > 0 && value < 1, "a value that can change: " + value);
    // 17 and 50 have no common divisor: each sample once.
    int[] order = IntStream.range(0, SAMPLES).map(i -> (17 * i + 5) % SAMPLES).toArray();
    double[][] moved = Arrays.stream(order).mapToObj(i -> scores[i]).toArray(double[][]::new);
    int[] movedLabels = Arrays.stream(order).map(i -> labels[i]).toArray();
    assertEquals(value, metric.metric.of(moved, movedLabels), 1e-14);
  }

  @ParameterizedTest
  @EnumSource
  void perfectPredictionGivesOne(Metric metric) {
    int[] labels = labels();
    double[][] certain = new double[SAMPLES][CLASSES];
    for (int i = 0; i < SAMPLES; i++) {
      certain[i][labels[i]] = 1;
    }
    assertEquals(1, metric.metric.of(certain, labels), 1e-15);
  }

  private static void assertRefused(
      Metric metric,
      String part,
      Function<double[][], double[][]> scores,
      Function<int[], int[]> labels) {
    double[][] badScores = scores.apply(probabilities());
    int[] badLabels = labels.apply(labels());
    String message =
        assertThrows(IllegalArgumentException.class, () -> metric.metric.of(badScores, badLabels))
            .getMessage();
    assertTrue(message.contains(part), message);
  }

  @ParameterizedTest
  @EnumSource
  void nanIsRefused(Metric metric) {
    assertRefused(
        metric,
        "score 0 of sample 3 is NaN",
        scores -> {
          scores[3][0] = Double.NaN;
          return scores;
        },
        Function.identity());
  }

  @ParameterizedTest
  @EnumSource
  void scoresAndLabelsMustBeAsManyAndSome(Metric metric) {
    assertRefused(
        metric,
        "50 predictions for 49 labels",
        Function.identity(),
        labels -> Arrays.copyOf(labels, SAMPLES - 1));
    assertRefused(metric, "0 predictions for 0 labels", s -> new double[0][], y -> new int[0]);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"AUROC", "AVERAGE_PRECISION"},
      mode = EnumSource.Mode.EXCLUDE)
  void rowsMustBeEquallyWide(Metric metric) {
    assertRefused(
        metric,
        "sample 2 has 3 scores, want 4",
        scores -> {
          scores[2] = Arrays.copyOf(scores[2], CLASSES - 1);
          return scores;
        },
        Function.identity());
  }

  @ParameterizedTest
  @EnumSource(
      names = {"AUROC", "AVERAGE_PRECISION", "MANY_.*"},
      mode = EnumSource.Mode.MATCH_NONE)
  void labelsMustBeClasses(Metric metric) {
    for (int label : new int[] {-1, CLASSES}) {
      assertRefused(
          metric,
          "label of sample 4 is " + label + ", want 0 to 3",
          Function.identity(),
          labels -> {
            labels[4] = label;
            return labels;
          });
    }
  }

  @ParameterizedTest
  @MethodSource("manyLabels")
  void rowsOfLabelsMustBeAsWideAsThoseOfScores(ManyLabels metric) {
    boolean[][] labels = Inputs.oneHot(labels(), CLASSES);
    labels[5] = new boolean[CLASSES + 1];
    double[][] scores = probabilities();
    String message =
        assertThrows(IllegalArgumentException.class, () -> metric.of(scores, labels)).getMessage();
    assertTrue(message.contains("sample 5 has 5 labels, want 4"), message);
  }

  static Stream<ManyLabels> manyLabels() {
    return Stream.of(
        (s, y) -> Classification.macroF1(s, y, 0.5),
        (s, y) -> Classification.microF1(s, y, 0.5),
        Ranking::macroAuroc,
        Ranking::meanAveragePrecision);
  }
}
