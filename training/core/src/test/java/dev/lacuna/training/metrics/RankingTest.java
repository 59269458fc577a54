package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.inference.MannWhitneyUTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RankingTest {
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  /**
   * Whole scores, so many ties, and who is positive. No -0.0, which Commons Math ranks below 0.0.
   */
  private record Sample(double[] scores, boolean[] positive) {
    static Sample of(int seed) {
      CounterRandom random = new CounterRandom(seed, 0, 0);
      double[] scores = new double[40];
      boolean[] positive = new boolean[scores.length];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = Math.round(3 * random.normal(i));
        positive[i] = i % 3 == 0;
      }
      return new Sample(scores, positive);
    }

    double[] scoresWhere(boolean label) {
      return IntStream.range(0, scores.length)
          .filter(i -> positive[i] == label)
          .mapToDouble(i -> scores[i])
          .toArray();
    }
  }

  /** Positives 0.8, 0.4, 0.4; negatives 0.4, 0.1: pairs 2 + (1/2 + 1) + (1/2 + 1) of 6. */
  @Test
  void aTieIsHalfAPairInOrder() {
    double[] scores = {0.4, 0.8, 0.4, 0.1, 0.4};
    boolean[] positive = {true, true, false, false, true};
    assertEquals(5 / 6.0, Ranking.auroc(scores, positive), 1e-15);
  }

  /**
   * From the top: 0.8 is right, precision 1 at recall 1/3; then the three at 0.4, two of them
   * right, precision 3/4 at recall 1. 1/3 + 2/3 x 3/4.
   */
  @Test
  void samplesOfOneScoreEnterTheAveragePrecisionTogether() {
    double[] scores = {0.4, 0.8, 0.4, 0.1, 0.4};
    boolean[] positive = {true, true, false, false, true};
    assertEquals(5 / 6.0, Ranking.averagePrecision(scores, positive), 1e-15);
    // Right at ranks 1, 3 and 4: (1 + 2/3 + 3/4) / 3.
    assertEquals(
        29 / 36.0,
        Ranking.averagePrecision(
            new double[] {9, 8, 7, 6, 5}, new boolean[] {true, false, true, true, false}),
        1e-15);
  }

  /**
   * Class 0 alone on top: 1 and 1. Class 1: pairs 1 of 2, right at rank 2: 1/2. Class 2: 0, 1/3.
   */
  @Test
  void oneLabelASampleTakesEachClassAgainstTheRest() {
    double[][] scores = {{3, 1, 2}, {1, 2, 3}, {2, 3, 1}};
    int[] labels = {0, 1, 2};
    assertEquals((1 + 0.5 + 0) / 3, Ranking.macroAuroc(scores, labels), 1e-15);
    assertEquals((1 + 1 / 2.0 + 1 / 3.0) / 3, Ranking.meanAveragePrecision(scores, labels), 1e-15);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void aurocIsTheStatisticOfMannAndWhitney(int seed) {
    Sample sample = Sample.of(seed);
    double[] positives = sample.scoresWhere(true);
    double[] negatives = sample.scoresWhere(false);
    double pairs = (double) positives.length * negatives.length;
    double auroc = Ranking.auroc(sample.scores, sample.positive);
    // Commons Math gives the larger of U and its complement.
    assertEquals(
        new MannWhitneyUTest().mannWhitneyU(positives, negatives) / pairs,
        Math.max(auroc, 1 - auroc),
        1e-12);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void reversedScoresTurnAurocIntoItsComplement(int seed) {
    Sample sample = Sample.of(seed);
    double[] reversed = Arrays.stream(sample.scores).map(s -> -s).toArray();
    double auroc = Ranking.auroc(sample.scores, sample.positive);
    assertEquals(1 - auroc, Ranking.auroc(reversed, sample.positive), 1e-15);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void onlyTheOrderOfScoresCounts(int seed) {
    Sample sample = Sample.of(seed);
    double[] squeezed = Arrays.stream(sample.scores).map(s -> Math.atan(s) - 7).toArray();
    assertEquals(
        Ranking.auroc(sample.scores, sample.positive), Ranking.auroc(squeezed, sample.positive));
    assertEquals(
        Ranking.averagePrecision(sample.scores, sample.positive),
        Ranking.averagePrecision(squeezed, sample.positive));
  }

  /** All tie: every pair is a half, and the precision is the share of positives. */
  @Test
  void equalScoresRankNothing() {
    double[] scores = {0.0, -0.0, 0.0, -0.0};
    boolean[] positive = {true, false, false, false};
    assertEquals(0.5, Ranking.auroc(scores, positive));
    assertEquals(0.25, Ranking.averagePrecision(scores, positive));
  }

  @Test
  void infinitiesAreScoresLikeOthers() {
    double[] scores = {INFINITY, -INFINITY, 0, INFINITY};
    boolean[] positive = {true, false, true, false};
    assertEquals((1.5 + 1) / 4, Ranking.auroc(scores, positive));
    // At infinity one of two, then two of three.
    assertEquals((1 / 2.0 + 2 / 3.0) / 2, Ranking.averagePrecision(scores, positive), 1e-15);
  }

  @Test
  void aurocNeedsBothSidesAndAveragePrecisionPositives() {
    double[][] scores = {{1, 2}, {2, 1}};
    boolean[][] allOfFirst = {{true, false}, {true, true}};
    assertMessage("class 0 has no negative sample", () -> Ranking.macroAuroc(scores, allOfFirst));
    assertEquals(0.75, Ranking.meanAveragePrecision(scores, allOfFirst));
    int[] onlyZero = {0, 0};
    assertMessage(
        "class 1 has no positive sample", () -> Ranking.meanAveragePrecision(scores, onlyZero));
  }

  private static void assertMessage(String part, Executable action) {
    String message = assertThrows(IllegalArgumentException.class, action).getMessage();
    assertTrue(message.contains(part), message);
  }
}
