package dev.lacuna.multimodal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Fusion.Mode;
import dev.lacuna.ops.SoftmaxOp;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class FusionTest {
  private static final boolean[] ALL = {true, true, true};

  @Test
  void dynamicWeightsAreTheSoftmaxOfMinusEntropy() {
    double[] e = {0.1, 0.7, 2.0};
    double sum = Math.exp(-0.1) + Math.exp(-0.7) + Math.exp(-2.0);
    double[] wanted = {Math.exp(-0.1) / sum, Math.exp(-0.7) / sum, Math.exp(-2.0) / sum};
    assertArrayEquals(wanted, Fusion.weights(Mode.DYNAMIC, e, ALL), 1e-15);
    // by hand: entropies 0 and ln 3 give 3 to 1
    double[] weights =
        Fusion.weights(Mode.DYNAMIC, new double[] {0, Math.log(3)}, new boolean[] {true, true});
    assertArrayEquals(new double[] {0.75, 0.25}, weights, 1e-15);
  }

  @Test
  void fixedWeightsAreEqualShares() {
    double[] e = {0.1, 0.7, 2.0};
    assertArrayEquals(
        new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, Fusion.weights(Mode.FIXED, e, ALL), 1e-15);
    assertArrayEquals(
        new double[] {0.5, 0, 0.5},
        Fusion.weights(Mode.FIXED, e, new boolean[] {true, false, true}),
        1e-15);
  }

  @Test
  void weightsOfManyExamplesAreThoseOfEach() {
    double[][] e = {{0.1, 0.7, Double.NaN}, {2.0, Double.NaN, 0.3}};
    Presence presence = new Presence(3, 2, new byte[] {1, 1, 1, 0, 0, 1});
    double[] first =
        Fusion.weights(Mode.DYNAMIC, new double[] {0.1, 2.0}, new boolean[] {true, true});
    double[][] weights = Fusion.weights(Mode.DYNAMIC, e, presence);
    assertArrayEquals(new double[] {first[0], 1, 0}, weights[0]);
    assertArrayEquals(new double[] {first[1], 0, 1}, weights[1]);
    double[][] shared = Fusion.weights(new double[] {3, 1}, presence);
    assertArrayEquals(new double[] {0.75, 1, 0}, shared[0]);
    assertArrayEquals(new double[] {0.25, 0, 1}, shared[1]);
  }

  @Test
  void givenSharesAreRenewedOverWhatIsPresent() {
    double[] shares = {0.35, 0.25, 0.4};
    assertArrayEquals(shares, Fusion.weights(shares, ALL), 1e-15);
    double[] pair = Fusion.weights(shares, new boolean[] {true, false, true});
    assertArrayEquals(new double[] {0.35 / 0.75, 0, 0.4 / 0.75}, pair, 1e-15);
    double[] alone = Fusion.weights(new double[] {7, 0}, new boolean[] {true, true});
    assertArrayEquals(new double[] {1, 0}, alone);

    double[][][] logits = {{{4, 0}, {1, 2}, null}, {{0, 8}, null, {5, 6}}};
    Presence presence = new Presence(3, 2, new byte[] {1, 1, 1, 0, 0, 1});
    double[][] fused = Fusion.fuse(new double[] {3, 1}, logits, presence);
    assertArrayEquals(new double[] {3, 2}, fused[0], 1e-15);
    assertArrayEquals(new double[] {1, 2}, fused[1], 1e-15);
    assertArrayEquals(new double[] {5, 6}, fused[2], 1e-15);
  }

  @Test
  void equalSharesGiveFixedFusion() {
    double[][][] logits = {{{4, 0}, {1, 2}}, {{0, 8}, {5, 7}}, {{1, 1}, {2, 9}}};
    Presence presence = new Presence(2, 3, new byte[] {1, 1, 1, 0, 1, 1});
    double[][] fixed = Fusion.fuse(Mode.FIXED, logits, new double[3][2], presence);
    double[][] shared = Fusion.fuse(new double[] {0.2, 0.2, 0.2}, logits, presence);
    for (int i = 0; i < 2; i++) {
      assertArrayEquals(fixed[i], shared[i], 1e-15);
    }
  }

  @Test
  void sharesThatLeaveNothingAreRefused() {
    boolean[] first = {true, false};
    for (double[] shares :
        new double[][] {{0, 1}, {-1, 2}, {Double.NaN, 1}, {Double.POSITIVE_INFINITY, 1}, {1}}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> Fusion.weights(shares, first))
              .getMessage();
      assertTrue(message.contains("shares " + Arrays.toString(shares)), message);
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aMissingModalityHasNoWeightAndItsEntropyIsNotRead(Mode mode) {
    double[] e = {Double.NaN, 0.4, 1.2};
    double[] weights = Fusion.weights(mode, e, new boolean[] {false, true, true});
    double[] pair = Fusion.weights(mode, new double[] {0.4, 1.2}, new boolean[] {true, true});
    assertArrayEquals(new double[] {0, pair[0], pair[1]}, weights);
    assertArrayEquals(
        new double[] {0, 0, 1}, Fusion.weights(mode, e, new boolean[] {false, false, true}));
  }

  @Test
  void entropiesFarApartDoNotOverflow() {
    double[] weights = Fusion.weights(Mode.DYNAMIC, new double[] {5000, 0, 5000.5}, ALL);
    assertArrayEquals(new double[] {0, 1, 0}, weights);
  }

  @Test
  void nothingPresentOrNoNumberIsAnError() {
    double[] e = {0.1, Double.NaN};
    assertThrows(
        IllegalArgumentException.class,
        () -> Fusion.weights(Mode.DYNAMIC, e, new boolean[] {false, false}));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> Fusion.weights(Mode.DYNAMIC, e, new boolean[] {true, true}))
            .getMessage();
    assertTrue(message.contains("NaN"), message);
  }

  @Test
  void fusedLogitsAreTheWeightedSumOfWhatIsPresent() {
    double[][][] logits = {{{4, 0}, {1, 2}, null}, {{0, 8}, null, {5, 6}}};
    double[][] entropy = {{0, 0.3, Double.NaN}, {Math.log(3), Double.NaN, 0.2}};
    Presence presence = new Presence(3, 2, new byte[] {1, 1, 1, 0, 0, 1});
    double[][] fused = Fusion.fuse(Mode.DYNAMIC, logits, entropy, presence);
    assertArrayEquals(new double[] {3, 2}, fused[0], 1e-15);
    assertArrayEquals(new double[] {1, 2}, fused[1]);
    assertArrayEquals(new double[] {5, 6}, fused[2]);
    assertArrayEquals(
        new double[] {2, 4}, Fusion.fuse(Mode.FIXED, logits, entropy, presence)[0], 1e-15);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aSampleIsFusedAloneAsInAnyBatch(Mode mode) {
    int samples = 20;
    int classes = 5;
    CounterRandom random = new CounterRandom(3, 0, 0);
    double[][][] logits = new double[2][samples][classes];
    double[][] entropy = new double[2][samples];
    byte[] table = new byte[2 * samples];
    for (int i = 0; i < samples; i++) {
      for (int m = 0; m < 2; m++) {
        entropy[m][i] = random.uniform(2 * i + m);
        for (int c = 0; c < classes; c++) {
          logits[m][i][c] = random.normal(1000 + 2 * classes * i + classes * m + c);
        }
      }
      table[2 * i] = (byte) (i % 3 == 0 ? 0 : 1);
      table[2 * i + 1] = (byte) (i % 3 == 1 ? 0 : 1);
    }
    Presence presence = new Presence(samples, 2, table);
    double[][] together = Fusion.fuse(mode, logits, entropy, presence);
    for (int i = 0; i < samples; i++) {
      double[][][] row = {{logits[0][i]}, {logits[1][i]}};
      double[][] e = {{entropy[0][i]}, {entropy[1][i]}};
      double[][] alone = Fusion.fuse(mode, row, e, presence.select(new int[] {i}));
      assertArrayEquals(together[i], alone[0], "sample " + i);
    }
  }

  @Test
  void hugeLogitsAreCertainAndFuseWithoutNaN() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        Tape tape = new Tape(context)) {
      float[] huge = {1e30f, -1e30f, 0, -1e38f, 1e38f, 0};
      double[] e = SoftmaxOp.entropy(tape.input(huge, 2, 3)).toDoubleArray();
      assertArrayEquals(new double[] {0, 0}, e);
      double[][][] logits = {{{1e30, -1e30, 0}, {-1e38, 1e38, 0}}, {{1, 1, 1}, {1, 1, 1}}};
      double uncertain = Math.log(3);
      double[][] entropy = {e, {uncertain, uncertain}};
      double[][] fused = Fusion.fuse(Mode.DYNAMIC, logits, entropy, Presence.complete(2, 2));
      assertEquals(0.75e30, fused[0][0], 1e16);
      assertEquals(0.25, fused[0][2], 1e-15);
      assertTrue(
          Arrays.stream(fused).flatMapToDouble(Arrays::stream).allMatch(Double::isFinite),
          Arrays.deepToString(fused));
    }
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    double[][][] logits = {{{1, 2}}, {{3, 4}}};
    double[][] entropy = {{0}, {0}};
    for (Presence wrong : new Presence[] {Presence.complete(2, 2), Presence.complete(1, 3)}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> Fusion.fuse(Mode.FIXED, logits, entropy, wrong))
              .getMessage();
      assertTrue(message.contains(wrong.toString()), message);
    }
  }
}
