package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.kernels.Precision;
import dev.lacuna.kernels.VqCodebook;
import dev.lacuna.kernels.VqNearest;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqOptions.Reset;
import dev.lacuna.kernels.VqOptions.Smoothing;
import dev.lacuna.kernels.VqOptions.Update;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of vector quantisation, one by one, on every back end. */
@ParameterizedClass
@MethodSource("targets")
final class VqAcceptanceTest {
  private static final long SEED = Long.getLong("lacuna.test.seed", 7);
  private static final VqOptions PLAIN = VqOptions.DEFAULT.withSmoothing(Smoothing.NONE, 0);

  @Parameter private Target target;
  private Context context;

  static List<Target> targets() {
    List<Target> targets = new ArrayList<>(Target.REQUIRED);
    targets.add(Target.doubleReference());
    return targets.stream().distinct().toList();
  }

  @BeforeEach
  void open() {
    context = target.open();
  }

  @AfterEach
  void close() {
    context.close();
  }

  private static float[] normal(int stream, int count, double scale, double shift) {
    CounterRandom random = new CounterRandom(SEED, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.normal(i) + shift);
    }
    return values;
  }

  private int[] search(float[] z, int n, int d, float[] codebook, int k, Precision search) {
    int[] index = new int[n];
    VqNearest.search(context, z, n, d, codebook, k, index, null, search);
    return index;
  }

  /** The nearest code by direct differences in double. */
  private static int[] nearest(float[] z, int n, int d, float[] codebook, int k) {
    int[] index = new int[n];
    for (int i = 0; i < n; i++) {
      double least = Double.POSITIVE_INFINITY;
      for (int j = 0; j < k; j++) {
        double sum = 0;
        for (int t = 0; t < d; t++) {
          double difference = (double) z[i * d + t] - codebook[j * d + t];
          sum += difference * difference;
        }
        if (sum < least) {
          least = sum;
          index[i] = j;
        }
      }
    }
    return index;
  }

  // Search.

  @ParameterizedTest
  @EnumSource(Precision.class)
  void exactTiesGoToTheLowestIndex(Precision search) {
    int d = 24;
    float[] codebook = new float[3 * d];
    Arrays.fill(codebook, 0, d, 2);
    Arrays.fill(codebook, 2 * d, 3 * d, -2);
    float[] z = new float[60 * d];
    for (int i = 0; i < z.length; i++) {
      z[i] = (i / d) % 2 == 0 ? 1 : -1;
    }
    int[] index = search(z, 60, d, codebook, 3, search);
    for (int i = 0; i < 60; i++) {
      assertEquals(i % 2 == 0 ? 0 : 1, index[i]);
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void aSingleCodeIsTheNearest(Precision search) {
    int[] index = search(normal(1, 60 * 7, 1, 0), 60, 7, normal(2, 7, 1, 0), 1, search);
    assertArrayEquals(new int[60], index);
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void ofEqualCodesTheFirstIsFound(Precision search) {
    int d = 20;
    int k = 300;
    float[] codebook = normal(3, k * d, 1, 0);
    for (int j = 0; j < k; j++) {
      System.arraycopy(codebook, j % 11 * d, codebook, j * d, d);
    }
    float[] z = normal(4, 100 * d, 1, 0);
    assertArrayEquals(nearest(z, 100, d, codebook, 11), search(z, 100, d, codebook, k, search));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void smallIntegersAreExact(Precision search) {
    int d = 16;
    int k = 200;
    CounterRandom random = new CounterRandom(SEED, 5, 0);
    float[] codebook = new float[k * d];
    float[] z = new float[150 * d];
    for (int i = 0; i < codebook.length; i++) {
      codebook[i] = random.below(i, 3);
    }
    for (int i = 0; i < z.length; i++) {
      z[i] = random.below(100_000 + i, 3);
    }
    assertArrayEquals(nearest(z, 150, d, codebook, k), search(z, 150, d, codebook, k, search));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void anOffsetOfFiftyLosesNoCode(Precision search) {
    int d = 256;
    int k = 400;
    float[] z = normal(6, 200 * d, 1, 50);
    float[] codebook = normal(7, k * d, 1, 50);
    assertArrayEquals(nearest(z, 200, d, codebook, k), search(z, 200, d, codebook, k, search));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void codesThatExplodedLoseNoCode(Precision search) {
    int d = 64;
    int k = 126;
    float[] z = normal(8, 200 * d, 1, 0);
    float[] codebook = normal(9, k * d, 1, 0);
    for (int j = 0; j < k; j += 7) {
      for (int t = 0; t < d; t++) {
        codebook[j * d + t] *= 1e5f;
      }
    }
    assertArrayEquals(nearest(z, 200, d, codebook, k), search(z, 200, d, codebook, k, search));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void noisyCopiesOfPopularCodesLoseNoCode(Precision search) {
    int d = 64;
    int k = 400;
    float[] codebook = normal(10, k * d, 1, 0);
    CounterRandom random = new CounterRandom(SEED, 11, 0);
    for (int i = 200 * d; i < codebook.length; i++) {
      codebook[i] = codebook[i / d % 3 * d + i % d] + (2 * random.uniform(i) - 1) / 1024;
    }
    float[] z = normal(12, 150 * d, 0.1, 0);
    for (int i = 0; i < z.length; i++) {
      z[i] += codebook[i / d % 6 * d + i % d];
    }
    assertArrayEquals(nearest(z, 150, d, codebook, k), search(z, 150, d, codebook, k, search));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void permutingTheCodesPermutesTheIndices(Precision search) {
    int d = 33;
    int k = 137;
    float[] z = normal(13, 100 * d, 1, 0);
    float[] codebook = normal(14, k * d, 1, 0);
    int[] order = new CounterRandom(SEED, 15, 0).permutation(k);
    float[] permuted = new float[k * d];
    for (int j = 0; j < k; j++) {
      System.arraycopy(codebook, order[j] * d, permuted, j * d, d);
    }
    int[] index = search(z, 100, d, codebook, k, search);
    int[] found = search(z, 100, d, permuted, k, search);
    for (int i = 0; i < 100; i++) {
      assertEquals(index[i], order[found[i]]);
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void notANumberIsAnError(Precision search) {
    for (int rows : new int[] {3, 20, 100}) {
      float[] z = normal(16, rows * 9, 1, 0);
      z[rows * 9 - 2] = Float.NaN;
      float[] codebook = normal(17, 40 * 9, 1, 0);
      LacunaException e =
          assertThrows(LacunaException.class, () -> search(z, rows, 9, codebook, 40, search));
      assertEquals(Status.NON_FINITE, e.status());
      float[] fine = normal(16, rows * 9, 1, 0);
      codebook[100] = Float.NEGATIVE_INFINITY;
      e = assertThrows(LacunaException.class, () -> search(fine, rows, 9, codebook, 40, search));
      assertEquals(Status.NON_FINITE, e.status());
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void anEmptyBatchIsFine(Precision search) {
    assertEquals(0, search(new float[0], 0, 5, normal(18, 20, 1, 0), 4, search).length);
    try (VqCodebook codebook = new VqCodebook(context, 2, 4, 5, PLAIN)) {
      float[] before = codebook.state().codebook();
      codebook.update(new float[0], new int[0], 0);
      assertArrayEquals(before, codebook.state().codebook(), 1e-7f);
      assertArrayEquals(new int[8], codebook.hits());
      assertArrayEquals(new double[] {1, 1}, codebook.perplexities());
    }
  }

  // Learning.

  @Test
  void countsAddUpToThePositions() {
    int n = 500;
    float[] z = normal(20, 3 * n * 6, 1, 0);
    int[] index = new int[3 * n];
    for (int i = 0; i < index.length; i++) {
      index[i] = new CounterRandom(SEED, 21, 0).below(i, 12) - (i < n ? 0 : 1);
    }
    try (VqCodebook codebook = new VqCodebook(context, 3, 12, 6, VqOptions.DEFAULT)) {
      codebook.update(z, index, n);
      int[] hits = codebook.hits();
      assertEquals(n, Arrays.stream(hits, 0, 12).sum());
      for (int a = 1; a < 3; a++) {
        long present = Arrays.stream(index, a * n, (a + 1) * n).filter(code -> code >= 0).count();
        assertEquals(present, Arrays.stream(hits, 12 * a, 12 * a + 12).sum());
        assertTrue(codebook.perplexities()[a] > 8 && codebook.perplexities()[a] <= 12.001);
      }
    }
  }

  @Test
  void constantInputsDrawTheirCodeToTheWeightedMean() {
    try (VqCodebook codebook = new VqCodebook(context, 2, 3, 2, PLAIN.withDecay(0.8))) {
      codebook.init(new float[] {5, 5, -5, -5, 9, 9});
      // Both modalities at code 0; at the second position only the first is there.
      float[] z = {1, 2, 7, 7, 3, -4, 0, 0};
      int[] index = {0, 0, 0, -1};
      for (int step = 0; step < 200; step++) {
        codebook.update(z, index, 2);
      }
      // In turn: a code sees (1/2 (1, 2) + 1/2 (3, -4)) + (7, 7), then 1/2 (3, -4) + 1/2 (1, 2).
      double a = 0.8;
      double[] mean = {(a * (2 + 7) + 2) / (2 * a + 1), (a * (-1 + 7) - 1) / (2 * a + 1)};
      float[] codes = codebook.state().codebook();
      assertEquals(mean[0], codes[0], 1e-5);
      assertEquals(mean[1], codes[1], 1e-5);
    }
  }

  @Test
  void codesWithoutHitsKeepTheirPlace() {
    try (VqCodebook codebook = new VqCodebook(context, 1, 3, 2, PLAIN)) {
      codebook.init(new float[] {1, 0, 3, -4, 0, 2});
      for (int step = 0; step < 20; step++) {
        codebook.update(new float[] {1, 1}, new int[] {0}, 1);
      }
      float[] codes = codebook.state().codebook();
      assertArrayEquals(new float[] {3, -4, 0, 2}, Arrays.copyOfRange(codes, 2, 6), 1e-5f);
      float[] sums = codebook.state().sums();
      assertEquals(-4.0 / 3, sums[3] / sums[2], 1e-6, "direction of w");
    }
  }

  @Test
  void unusedCodesExplodeAtTheFirstStepOnlyIfCountsStartAtZero() {
    for (double start : new double[] {1, 0}) {
      VqOptions options = VqOptions.DEFAULT.withInitialCount(start).withUpdate(Update.IN_TURN);
      try (VqCodebook codebook = new VqCodebook(context, 2, 40, 8, options)) {
        codebook.init(normal(22, 40 * 8, 1, 0));
        codebook.update(normal(23, 2 * 30 * 8, 1, 0), new int[60], 30);
        double largest = 0;
        for (float x : codebook.state().codebook()) {
          largest = Math.max(largest, Math.abs(x));
        }
        if (start == 0) {
          assertTrue(largest > 1000, "largest " + largest);
        } else {
          assertTrue(largest < 5, "largest " + largest);
        }
      }
    }
  }

  @Test
  void theClosedFormEqualsAbsorbingInTurn() {
    int n = 200;
    float[] z = normal(24, 3 * n * 10, 1, 0);
    int[] index = new int[3 * n];
    for (int i = 0; i < index.length; i++) {
      index[i] = new CounterRandom(SEED, 25, 0).below(i, 21) - 1;
    }
    for (Smoothing smoothing : Smoothing.values()) {
      VqOptions options = VqOptions.DEFAULT.withDecay(0.9).withSmoothing(smoothing, 1e-3);
      try (VqCodebook inTurn =
              new VqCodebook(context, 3, 20, 10, options.withUpdate(Update.IN_TURN));
          VqCodebook atOnce =
              new VqCodebook(context, 3, 20, 10, options.withUpdate(Update.CLOSED_FORM))) {
        for (int step = 0; step < 5; step++) {
          inTurn.update(z, index, n);
          atOnce.update(z, index, n);
        }
        assertArrayEquals(inTurn.state().counts(), atOnce.state().counts(), 1e-6f);
        assertArrayEquals(inTurn.state().sums(), atOnce.state().sums(), 2e-5f);
        assertArrayEquals(inTurn.state().codebook(), atOnce.state().codebook(), 1e-5f);
      }
    }
  }

  // Dead codes.

  @Test
  void replacedCodesKeepSumsCountsAndCodesConsistentAndStay() {
    int k = 30;
    VqOptions options = PLAIN.withReset(new Reset(3, 2, 1.0 / 1024, 1));
    try (VqCodebook codebook = new VqCodebook(context, 1, k, 4, options)) {
      codebook.init(normal(26, k * 4, 1, 0));
      int[] index = {0, 1, 2, 0, 1, 2};
      float[] z = normal(27, 6 * 4, 1, 0);
      for (int step = 0; step < 3; step++) {
        codebook.update(z, index, 6);
        assertEquals(0, codebook.replaceDead());
      }
      codebook.update(z, index, 6);
      assertEquals(k - 3, codebook.replaceDead());
      VqCodebook.State state = codebook.state();
      for (int j = 3; j < k; j++) {
        assertEquals(1, state.counts()[j]);
        assertEquals(0, state.ages()[j]);
        double closest = Double.POSITIVE_INFINITY;
        for (int source = 0; source < 3; source++) {
          double farthest = 0;
          for (int t = 0; t < 4; t++) {
            double gap = state.codebook()[j * 4 + t] - state.codebook()[source * 4 + t];
            farthest = Math.max(farthest, Math.abs(gap));
          }
          closest = Math.min(closest, farthest);
        }
        assertTrue(closest > 0 && closest <= 1.001 / 1024, "code " + j + ": " + closest);
      }
      for (int i = 12; i < k * 4; i++) {
        assertEquals(state.sums()[i] / state.counts()[i / 4], state.codebook()[i]);
      }
      codebook.update(z, index, 6);
      float[] later = codebook.state().codebook();
      for (int i = 12; i < k * 4; i++) {
        assertEquals(state.codebook()[i], later[i], 1e-6, "the next update does not undo it");
      }
    }
  }

  @Test
  void whereNoCodeIsRecentNoneIsReplaced() {
    try (VqCodebook codebook =
        new VqCodebook(context, 1, 5, 3, PLAIN.withReset(new Reset(2, 2, 0.1, 1)))) {
      float[] before = codebook.state().codebook();
      for (int step = 0; step < 10; step++) {
        codebook.update(new float[0], new int[0], 0);
        assertEquals(0, codebook.replaceDead());
      }
      assertArrayEquals(before, codebook.state().codebook(), 1e-7f);
      assertArrayEquals(new int[] {10, 10, 10, 10, 10}, codebook.state().ages());
    }
  }

  @Test
  void replacementsAreTheSameOnEveryBackEnd() {
    try (Context exact = Target.doubleReference().open();
        VqCodebook here =
            new VqCodebook(context, 1, 50, 6, PLAIN.withReset(new Reset(1, 1, 0.01, 1)));
        VqCodebook there =
            new VqCodebook(exact, 1, 50, 6, PLAIN.withReset(new Reset(1, 1, 0.01, 1)))) {
      float[] start = normal(28, 50 * 6, 1, 0);
      float[] z = normal(29, 4 * 6, 1, 0);
      for (VqCodebook codebook : List.of(here, there)) {
        codebook.init(start);
        for (int step = 0; step < 4; step++) {
          codebook.update(z, new int[] {0, 1, 2, 3}, 4);
          codebook.replaceDead();
        }
      }
      assertArrayEquals(there.state().codebook(), here.state().codebook(), 1e-6f);
      assertArrayEquals(there.state().ages(), here.state().ages());
    }
  }
}
