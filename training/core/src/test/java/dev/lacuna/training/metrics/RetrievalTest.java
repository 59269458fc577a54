package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RetrievalTest {
  /** The right items' ranks are 1, 3, 4 and, tied with one that is better placed, 2. */
  @ParameterizedTest
  @CsvSource({"1, 0.25", "2, 0.5", "3, 0.75", "4, 1", "100, 1"})
  void recallIsTheShareOfRightItemsAmongTheBest(int k, double wanted) {
    double[][] scores = {{9, 1, 2, 3}, {7, 5, 6, 1}, {3, 2, 1, 0}, {0, 5, 5, 0}};
    assertEquals(wanted, Retrieval.recallAt(k, scores, new int[] {0, 1, 3, 1}));
  }

  @Test
  void tiesCountAgainstUs() {
    double[][] allEqual = {{1, 1, 1}, {1, 1, 1}};
    int[] targets = {0, 2};
    assertEquals(0, Retrieval.recallAt(2, allEqual, targets));
    assertEquals(1, Retrieval.recallAt(3, allEqual, targets));
  }

  @Test
  void theMedianRankCountsTiesAgainstUs() {
    double[][] scores = {{9, 1, 2, 3}, {7, 5, 6, 1}, {3, 2, 1, 0}, {0, 5, 5, 0}};
    int[] ranks = Retrieval.ranks(scores, new int[] {0, 1, 3, 1});
    assertArrayEquals(new int[] {1, 3, 4, 2}, ranks);
    assertEquals(2.5, Retrieval.medianRank(ranks));
    assertEquals(3, Retrieval.medianRank(new int[] {7, 1, 3}));
    assertEquals(3, Retrieval.rank(new double[] {1, 1, 1}, 1));
    assertArrayEquals(new int[] {1, 3, 4, 2}, ranks);
  }

  @Test
  void ofNothingThereIsNoMedian() {
    assertThrows(IllegalArgumentException.class, () -> Retrieval.medianRank(new int[0]));
    assertThrows(IllegalArgumentException.class, () -> Retrieval.recallAt(1, new int[0]));
    double[] broken = {1, Double.NaN};
    assertThrows(IllegalArgumentException.class, () -> Retrieval.rank(broken, 0));
  }

  @Test
  void kMustBePositive() {
    double[][] scores = {{1, 2}};
    int[] targets = {0};
    assertThrows(IllegalArgumentException.class, () -> Retrieval.recallAt(0, scores, targets));
  }
}
