package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What dropout drops and by how much it scales the rest. */
final class DropoutOpTest {
  private static final CounterRandom RANDOM = new CounterRandom(-5, 3, 12);

  private static void onReference(String backend, Consumer<Tape> test) {
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      test.accept(tape);
    }
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void anElementIsKeptWhereItsDrawIsAtLeastP(String backend) {
    double draw = RANDOM.uniform(17);
    // The last is the draw of element 17 in float, and more than it in double: masks follow that.
    for (double p : new double[] {0, 0.3, 0.5, 0.75, draw, Math.nextUp(draw)}) {
      onReference(
          backend,
          tape -> {
            double[] out =
                DropoutOp.dropout(tape.input(ones(60), 3, 4, 5), p, RANDOM).toDoubleArray();
            for (int i = 0; i < 60; i++) {
              double wanted = RANDOM.uniform(i) >= p ? 1 / (1 - p) : 0;
              assertEquals(wanted, out[i], 1e-6 * wanted, "element " + i + " with p " + p);
            }
          });
    }
  }

  @Test
  void theMeanStaysAndThePartDroppedIsP() {
    onReference(
        "reference",
        tape -> {
          int n = 100_000;
          double[] out = DropoutOp.dropout(tape.input(ones(n), n), 0.2, RANDOM).toDoubleArray();
          long dropped = Arrays.stream(out).filter(value -> value == 0).count();
          // Five standard deviations.
          assertEquals(0.2, dropped / (double) n, 5 * Math.sqrt(0.2 * 0.8 / n));
          assertEquals(1, Arrays.stream(out).average().orElseThrow(), 0.01);
        });
  }

  @Test
  void theGradientHasTheMaskOfItsOwnPassAndAddsToOthers() {
    onReference(
        "reference-f64",
        tape -> {
          Tensor x = tape.input(ones(40), 8, 5).requiresGrad();
          CounterRandom next = new CounterRandom(RANDOM.seed(), RANDOM.stream(), 13);
          Tensor first = DropoutOp.dropout(x, 0.5, RANDOM);
          Tensor second = DropoutOp.dropout(x, 0.25, next);
          double[] a = first.toDoubleArray();
          double[] b = second.toDoubleArray();
          assertFalse(Arrays.equals(a, b));
          ReduceOp.sum(ElementwiseOp.add(first, second), ReduceOp.Over.ALL).backward();
          double[] wanted = new double[40];
          Arrays.setAll(wanted, i -> a[i] + b[i]);
          assertArrayEquals(wanted, x.gradAsDoubles(), 1e-15);
        });
  }

  @Test
  void whatIsDroppedIsZeroWhateverItWas() {
    onReference(
        "reference",
        tape -> {
          double[] x = new double[64];
          Arrays.fill(x, Double.NaN);
          double[] out = DropoutOp.dropout(tape.input(x, 64), 0.5, RANDOM).toDoubleArray();
          for (int i = 0; i < 64; i++) {
            assertEquals(RANDOM.uniform(i) >= 0.5 ? Double.NaN : 0, out[i], "element " + i);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
  void aChanceOutsideZeroToOneIsRefused(double p) {
    onReference(
        "reference",
        tape -> {
          Tensor x = tape.input(ones(4), 4);
          LacunaException e =
              assertThrows(LacunaException.class, () -> DropoutOp.dropout(x, p, RANDOM));
          assertEquals(Status.INVALID_ARGUMENT, e.status());
          assertTrue(
              e.getMessage().contains("p is " + p + ", want 0 <= p < 1"), "got: " + e.getMessage());
        });
  }
}
