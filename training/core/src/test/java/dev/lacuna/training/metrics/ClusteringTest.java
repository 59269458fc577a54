package dev.lacuna.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ClusteringTest {
  /** H(U) = log 2, H(V) = 3/2 log 2 = H(U, V): I = log 2 over a mean of 5/4 log 2. */
  @Test
  void aSplitClusterLosesAFifth() {
    int[] two = {0, 0, 1, 1};
    int[] three = {0, 0, 1, 2};
    assertEquals(0.8, Clustering.nmi(two, three), 1e-15);
    assertEquals(0.8, Clustering.nmi(three, two), 1e-15);
  }

  /**
   * Counts {2, 1}, {1, 2}: H = log 2 twice, H(U, V) = 2/3 log 3 + 1/3 log 6 = log 3 + 1/3 log 2; I
   * / log 2 = 5/3 - log2 3.
   */
  @Test
  void partAgreementLiesBetween() {
    int[] clusters = {0, 0, 0, 1, 1, 1};
    int[] labels = {0, 0, 1, 0, 1, 1};
    assertEquals(5 / 3.0 - Math.log(3) / Math.log(2), Clustering.nmi(clusters, labels), 1e-15);
  }

  @Test
  void namesDoNotMatter() {
    int[] clusters = {4, 4, -1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE};
    int[] labels = {-1, -1, 0, Integer.MIN_VALUE, 0, 7};
    assertEquals(1, Clustering.nmi(clusters, labels), 1e-15);
  }

  /** Independent: every pair of names once, even where one side does not split at all. */
  @Test
  void independentPartitionsShareNothing() {
    for (int n = 1; n < 8; n++) {
      for (int m = 2; m < 8; m++) {
        int columns = m;
        int[] row = IntStream.range(0, n * m).map(i -> i / columns).toArray();
        int[] column = IntStream.range(0, n * m).map(i -> i % columns).toArray();
        double nmi = Clustering.nmi(row, column);
        assertTrue(nmi >= 0 && nmi < 2e-15, n + " by " + m + ": " + nmi);
      }
    }
    // The bits of one name do not reach into another's.
    int[] halves = {0, 0, 1, 1};
    assertEquals(0, Clustering.nmi(halves, new int[] {-1, 65535, -1, 65535}), 1e-15);
    assertEquals(0, Clustering.nmi(new int[] {-1, 65535, -1, 65535}, halves), 1e-15);
  }

  @Test
  void twoThatDoNotSplitAgree() {
    assertEquals(1, Clustering.nmi(new int[] {5, 5, 5}, new int[] {0, 0, 0}));
  }

  @Test
  void clustersAndLabelsMustBeAsManyAndSome() {
    int[] one = {0};
    int[] two = {0, 1};
    assertThrows(IllegalArgumentException.class, () -> Clustering.nmi(one, two));
    int[] none = {};
    assertThrows(IllegalArgumentException.class, () -> Clustering.nmi(none, none));
  }
}
