package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cross-CPC's predictions and their loss. */
final class CrossCpcTest {
  private static final int SEQUENCES = 3;
  private static final int EACH = 5;
  private static final int WIDTH = 4;

  private static double[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(2, stream, 0);
    return IntStream.range(0, count).mapToDouble(i -> (float) random.normal(i)).toArray();
  }

  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-13", "reference, 1e-5"})
  void aRowOfLogitsIsATargetsAndTheLossComparesPredictions(String backend, double tolerance) {
    double[] target = normal(0, SEQUENCES * WIDTH);
    double[] predicted = normal(1, SEQUENCES * WIDTH);
    double[][] z = PlainCmg.rows(target, WIDTH);
    double[][] u = PlainCmg.rows(predicted, WIDTH);
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Tensor ofTarget = tape.input(target, SEQUENCES, WIDTH).requiresGrad();
      Tensor ofPredicted = tape.input(predicted, SEQUENCES, WIDTH).requiresGrad();
      double[] logits = CrossCpc.logits(ofTarget, ofPredicted).toDoubleArray();
      for (int i = 0; i < SEQUENCES; i++) {
        for (int j = 0; j < SEQUENCES; j++) {
          assertEquals(PlainCmg.dot(z[i], u[j]), logits[i * SEQUENCES + j], tolerance);
        }
      }
      Tensor loss = CrossCpc.loss(ofTarget, ofPredicted);
      assertEquals(PlainCmg.cpc(z, u), loss.toDoubleArray()[0], tolerance);
      assertTrue(
          Math.abs(PlainCmg.cpc(z, u) - PlainCmg.cpc(u, z)) > 0.01, "the other axis says the same");
      loss.backward();
      double[] ofZ =
          PlainDifference.of(target, moved -> PlainCmg.cpc(PlainCmg.rows(moved, WIDTH), u));
      double[] ofU =
          PlainDifference.of(predicted, moved -> PlainCmg.cpc(z, PlainCmg.rows(moved, WIDTH)));
      assertArrayEquals(ofZ, ofTarget.gradAsDoubles(), Math.max(tolerance, 1e-8));
      assertArrayEquals(ofU, ofPredicted.gradAsDoubles(), Math.max(tolerance, 1e-8));
    }
  }

  private static Tensor predict(CrossCpc cpc, Tape tape, double[] z, int known) {
    int sequences = z.length / (EACH * WIDTH);
    Tensor rows = tape.input(z, (long) sequences * EACH, WIDTH);
    return cpc.predict(rows, new Steps(sequences, EACH), known);
  }

  @Test
  void aPredictionReadsItsOwnSequenceUpToTheLastKnownStep() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      CrossCpc cpc = new CrossCpc(store.group("a"), "cpc", WIDTH, new CounterRandom(4, 0, 0));
      double[] z = normal(3, SEQUENCES * EACH * WIDTH);
      for (int known = 1; known < EACH - 1; known++) {
        double[][] all = PlainCmg.rows(predict(cpc, tape, z, known).toDoubleArray(), WIDTH);
        assertEquals(SEQUENCES, all.length);
        for (int i = 0; i < SEQUENCES; i++) {
          double[] alone = Arrays.copyOfRange(z, i * EACH * WIDTH, (i + 1) * EACH * WIDTH);
          assertArrayEquals(all[i], predict(cpc, tape, alone, known).toDoubleArray(), 1e-14);
          for (int step = 0; step < EACH; step++) {
            double[] other = alone.clone();
            other[step * WIDTH] += 0.5;
            double[] moved = predict(cpc, tape, other, known).toDoubleArray();
            assertEquals(
                step > known,
                Arrays.equals(predict(cpc, tape, alone, known).toDoubleArray(), moved),
                "step " + step + " of which " + known + " is the last known");
          }
        }
      }
    }
  }

  @Test
  void itsParametersGetTheGradientOfDifferences() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      CrossCpc cpc = new CrossCpc(store.group("a"), "cpc", WIDTH, new CounterRandom(4, 0, 0));
      double[] z = normal(3, SEQUENCES * EACH * WIDTH);
      double[] target = normal(4, SEQUENCES * WIDTH);
      double error =
          GradCheck.maxError(
              tape,
              store.parameters(),
              on -> CrossCpc.loss(on.input(target, SEQUENCES, WIDTH), predict(cpc, on, z, 2)));
      assertTrue(error < 1e-6, "error " + error);
    }
  }

  @Test
  void theLastKnownStepIsAnyButTheFirstAndTheLast() {
    TreeSet<Integer> drawn = new TreeSet<>();
    for (int step = 0; step < 100; step++) {
      drawn.add(CrossCpc.draw(new CounterRandom(1, 2, step), EACH));
      assertEquals(1, CrossCpc.draw(new CounterRandom(1, 2, step), 3));
    }
    assertArrayEquals(new Integer[] {1, 2, 3}, drawn.toArray());
  }

  @ParameterizedTest
  @CsvSource({"1, 1 step", "2, 2 steps"})
  void sequencesInWhichThereIsNothingToPredictAreRefused(int steps, String text) {
    LacunaException e = assertThrows(LacunaException.class, () -> CrossCpc.requireSteps(steps));
    assertEquals(Status.INVALID_ARGUMENT, e.status());
    assertTrue(e.getMessage().contains(text + ", want at least 3"), e.getMessage());
    CrossCpc.requireSteps(3);
  }
}
