package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an LSTM does where it can be said in closed form, and what it refuses. */
final class LstmOpTest {
  private static Context open() {
    return Lacuna.open(Device.parse("reference-f64"));
  }

  @Test
  void cellsWithOpenGatesAddUpWhatComesIn() {
    double[] gates = new double[3 * 4];
    double[] candidates = {0.3, -0.2, 0.7};
    double[] sums = {0.5, 0, 0};
    for (int step = 0; step < 3; step++) {
      gates[4 * step] = gates[4 * step + 1] = gates[4 * step + 3] = 50; // e^-50 from open
      gates[4 * step + 2] = candidates[step];
    }
    double cell = 0.5;
    for (int step = 0; step < 3; step++) {
      cell += Math.tanh(candidates[step]);
      sums[step] = cell;
    }
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor none = tape.input(new double[4], 4, 1);
      Tensor start = tape.input(new double[] {0.5}, 1, 1);
      LstmOp.State states = LstmOp.states(tape.input(gates, 3, 4), none, null, start, 3, false);
      assertArrayEquals(sums, states.c().toDoubleArray(), 1e-14);
      assertArrayEquals(
          Arrays.stream(sums).map(Math::tanh).toArray(), states.h().toDoubleArray(), 1e-14);
    }
  }

  @Test
  void inReverseItIsTheSequenceTurnedAround() {
    int t = 3;
    int b = 2;
    int d = 2;
    double[] gates = new double[t * b * 4 * d];
    Arrays.setAll(gates, i -> Math.sin(3 * i));
    double[] turned = new double[gates.length];
    int step = b * 4 * d;
    for (int s = 0; s < t; s++) {
      System.arraycopy(gates, s * step, turned, (t - 1 - s) * step, step);
    }
    double[] weights = new double[4 * d * d];
    Arrays.setAll(weights, i -> Math.cos(5 * i));
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor weight = tape.input(weights, 4L * d, d);
      double[] forward =
          LstmOp.lstm(tape.input(turned, (long) t * b, 4L * d), weight, null, null, t, false)
              .toDoubleArray();
      double[] reverse =
          LstmOp.lstm(tape.input(gates, (long) t * b, 4L * d), weight, null, null, t, true)
              .toDoubleArray();
      for (int s = 0; s < t; s++) {
        int size = b * d;
        assertArrayEquals(
            Arrays.copyOfRange(forward, s * size, (s + 1) * size),
            Arrays.copyOfRange(reverse, (t - 1 - s) * size, (t - s) * size));
      }
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor gates = tape.input(new double[6 * 8], 6, 8);
      Tensor weight = tape.input(new double[16], 8, 2);
      Tensor wide = tape.input(new double[6], 2, 3);
      record Wrong(Runnable call, String text) {}
      List<Wrong> wrong =
          List.of(
              new Wrong(
                  () -> LstmOp.lstm(gates, wide, null, null, 3, false),
                  "lstm: wHh is [2, 3], want [12, 3], four gates"),
              new Wrong(
                  () -> LstmOp.lstm(gates, weight, null, null, 4, false),
                  "lstm: gatesX is [6, 8], want [4 b, 8]"),
              new Wrong(
                  () -> LstmOp.lstm(gates, weight, wide, null, 3, false),
                  "lstm: h0 is [2, 3], want [2, 2]"),
              new Wrong(
                  () -> LstmOp.lstm(gates, weight, null, wide, 3, false),
                  "lstm: c0 is [2, 3], want [2, 2]"));
      for (Wrong each : wrong) {
        LacunaException error = assertThrows(LacunaException.class, each.call::run);
        assertEquals(each.text, error.getMessage());
      }
      String steps =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> LstmOp.lstm(gates, weight, null, null, 0, false))
              .getMessage();
      assertTrue(steps.contains("steps is 0"), steps);
    }
  }
}
