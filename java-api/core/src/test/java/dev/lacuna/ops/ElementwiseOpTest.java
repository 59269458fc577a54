package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Functions of one operand where they have ends, and what is refused. */
final class ElementwiseOpTest {
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void functionsHaveTheirLimitsAtTheEnds(String backend) {
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(new double[] {0, -1, INFINITY, -INFINITY, Double.NaN}, 5);
      double nan = Double.NaN;
      assertArrayEquals(
          new double[] {-INFINITY, nan, INFINITY, nan, nan}, ElementwiseOp.log(x).toDoubleArray());
      double e = ElementwiseOp.exp(tape.input(new double[] {-1}, 1)).toDoubleArray()[0];
      assertEquals(Math.exp(-1), e, 1e-7);
      assertArrayEquals(
          new double[] {1, e, INFINITY, 0, nan}, ElementwiseOp.exp(x).toDoubleArray());
      double t = ElementwiseOp.tanh(tape.input(new double[] {-1}, 1)).toDoubleArray()[0];
      assertArrayEquals(new double[] {0, t, 1, -1, nan}, ElementwiseOp.tanh(x).toDoubleArray());
      assertArrayEquals(
          new double[] {0.5, 0.5, INFINITY, 0.5, nan}, ElementwiseOp.sqrt(x, 0.25).toDoubleArray());
    }
  }

  @Test
  void tanhKeepsTheDigitsOfItsSlopeWhereItIsNearlyOne() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(new double[] {20, -20, 300}, 3).requiresGrad();
      ReduceOp.sum(ElementwiseOp.tanh(x), ReduceOp.Over.ALL).backward();
      double[] slope = x.gradAsDoubles();
      for (int i = 0; i < 3; i++) {
        double wanted = Math.pow(Math.cosh(i == 2 ? 300 : 20), -2);
        assertEquals(wanted, slope[i], 1e-14 * wanted, "slope " + i);
      }
    }
  }

  @Test
  void sqrtPassesNothingAtItsFloor() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(new double[] {0.25, 0, -3, 4}, 4).requiresGrad();
      ReduceOp.sum(ElementwiseOp.sqrt(x, 0.25), ReduceOp.Over.ALL).backward();
      assertArrayEquals(new double[] {0, 0, 0, 0.25}, x.gradAsDoubles());
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void sqrtWantsAFloorAboveZero(double floor) {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(new double[] {1}, 1);
      LacunaException e = assertThrows(LacunaException.class, () -> ElementwiseOp.sqrt(x, floor));
      assertEquals(Status.INVALID_ARGUMENT, e.status());
      assertTrue(e.getMessage().contains("alpha is " + floor), "got: " + e.getMessage());
    }
  }
}
