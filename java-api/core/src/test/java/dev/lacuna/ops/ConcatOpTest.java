package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Columns stand side by side, and their gradients go back to where they came from. */
final class ConcatOpTest {
  private static Context open(String backend) {
    return Lacuna.open(Device.parse(backend));
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void columnsStandSideBySide(String backend) {
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      Tensor a = tape.input(new double[] {1, 2, 3, 4}, 2, 2).requiresGrad();
      Tensor b = tape.input(new double[] {5, 6}, 2, 1);
      Tensor none = tape.input(new double[0], 2, 0);
      Tensor c = tape.input(new double[] {7, 8, 9, 10, 11, 12}, 2, 3).requiresGrad();
      Tensor all = ConcatOp.columns(a, b, none, c);
      assertArrayEquals(new long[] {2, 6}, all.shape());
      assertArrayEquals(new double[] {1, 2, 5, 7, 8, 9, 3, 4, 6, 10, 11, 12}, all.toDoubleArray());
      Tensor weights =
          tape.input(new double[] {.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6}, 2, 6);
      ReduceOp.sum(ElementwiseOp.mul(all, weights), ReduceOp.Over.ALL).backward();
      assertArrayEquals(new double[] {.5, 1, 3.5, 4}, a.gradAsDoubles());
      assertArrayEquals(new double[] {2, 2.5, 3, 5, 5.5, 6}, c.gradAsDoubles());
      assertThrows(IllegalArgumentException.class, b::gradAsDoubles);
    }
  }

  @Test
  void partsOfOtherRowsAreRefused() {
    try (Context context = open("reference-f64");
        Tape tape = new Tape(context)) {
      Tensor two = tape.input(new double[4], 2, 2);
      Tensor three = tape.input(new double[3], 3, 1);
      LacunaException error =
          assertThrows(LacunaException.class, () -> ConcatOp.columns(two, three));
      assertEquals("concat: a part is [3, 1], want [2, d] as the first", error.getMessage());
      assertThrows(IllegalArgumentException.class, ConcatOp::columns);
    }
  }
}
