package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.cmg.PooledMaps.Places;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PooledMapsTest {
  private static final int N = 3;
  private static final int CHANNELS = 9;
  private static final int AREA = 6;

  private final double[] maps =
      IntStream.range(0, N * CHANNELS * AREA).mapToDouble(i -> Math.sin(1.7 * i) + 0.2).toArray();

  private static double[] product(double[] weight, double[] x, int out) {
    double[] y = new double[out];
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += weight[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  /** The formula over one map; biases are 0. */
  private double[] plain(int n, ParameterGroup group, Places places) {
    double[][] x = new double[AREA][CHANNELS];
    double[] mean = new double[CHANNELS];
    for (int c = 0; c < CHANNELS; c++) {
      for (int p = 0; p < AREA; p++) {
        x[p][c] = maps[(n * CHANNELS + c) * AREA + p];
        mean[c] += x[p][c] / AREA;
      }
    }
    double[] squeezed = product(weight(group, "squeeze"), mean, 1);
    Arrays.setAll(squeezed, i -> Math.max(squeezed[i], 0));
    double[] gate = product(weight(group, "excite"), squeezed, CHANNELS);
    double[] gained = new double[CHANNELS];
    for (int c = 0; c < CHANNELS; c++) {
      double gain = 1 + 1 / (1 + Math.exp(-gate[c]));
      gained[c] = gain * mean[c];
      for (int p = 0; p < AREA; p++) {
        x[p][c] *= gain;
      }
    }
    double[] weights = new double[AREA];
    double common = product(weight(group, "mean"), gained, 1)[0];
    double score = weight(group, "score")[0];
    Arrays.setAll(
        weights,
        p -> Math.exp(score * Math.tanh(product(weight(group, "place"), x[p], 1)[0] + common)));
    double sum = Arrays.stream(weights).sum();
    double[] out = new double[CHANNELS];
    for (int p = 0; p < AREA; p++) {
      for (int c = 0; c < CHANNELS; c++) {
        out[c] += (places == Places.SUM ? 1 : weights[p] / sum) * x[p][c];
      }
    }
    return out;
  }

  private static double[] weight(ParameterGroup group, String layer) {
    return parameter(group, layer).get();
  }

  private static Parameter parameter(ParameterGroup group, String layer) {
    return group.parameters().stream()
        .filter(p -> p.name().equals(group.name() + "." + layer + ".weight"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void theFormulaHolds(Places places) {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("video.front");
      PooledMaps front = new PooledMaps(group, CHANNELS, AREA, places, new CounterRandom(3, 0, 0));
      assertEquals(CHANNELS, front.width());
      Tensor y = front.forward(tape.input(maps, N, CHANNELS, 2, 3), 1, N);
      double[] all = y.toDoubleArray();
      for (int n = 0; n < N; n++) {
        assertArrayEquals(
            plain(n, group, places),
            Arrays.copyOfRange(all, n * CHANNELS, (n + 1) * CHANNELS),
            1e-12);
      }
    }
  }

  @Test
  void attentionLearnsAndTheOfficialSumDoesNot() {
    for (Places places : Places.values()) {
      try (Context context = Lacuna.open(Device.parse("reference-f64"));
          ParameterStore store = new ParameterStore(context);
          Tape tape = new Tape(context)) {
        ParameterGroup group = store.group("video.front");
        PooledMaps front =
            new PooledMaps(group, CHANNELS, AREA, places, new CounterRandom(3, 0, 0));
        Tensor y = front.forward(tape.input(maps, N, CHANNELS, 2, 3), N, 1);
        ReduceOp.sum(ElementwiseOp.mul(y, y), ReduceOp.Over.ALL).backward();
        boolean attends = places == Places.ATTENTION;
        assertEquals(attends, parameter(group, "score").hasGradient());
        assertTrue(parameter(group, "excite").hasGradient());
        if (attends) {
          differences(group, store, context, front);
        }
      }
    }
  }

  /** The gradient of a layer against differences. */
  private void differences(
      ParameterGroup group, ParameterStore store, Context context, PooledMaps front) {
    for (String layer : new String[] {"squeeze", "place", "mean", "score"}) {
      Parameter parameter = parameter(group, layer);
      double[] gradient = parameter.grad();
      double[] value = parameter.get();
      for (int i = 0; i < value.length; i += 4) {
        double[] moved = value.clone();
        double step = 1e-5;
        moved[i] = value[i] + step;
        parameter.set(moved);
        double above = squares(context, front);
        moved[i] = value[i] - step;
        parameter.set(moved);
        double below = squares(context, front);
        parameter.set(value);
        assertEquals((above - below) / (2 * step), gradient[i], 1e-6, layer + " " + i);
      }
    }
    assertTrue(store.count() > 0);
  }

  private double squares(Context context, PooledMaps front) {
    try (Tape tape = new Tape(context)) {
      double[] y = front.forward(tape.input(maps, N, CHANNELS, 2, 3), N, 1).toDoubleArray();
      return Arrays.stream(y).map(v -> v * v).sum();
    }
  }

  @Test
  void mapsWithoutPlacesAreRefused() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("video.front");
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new PooledMaps(group, 8, 0, Places.ATTENTION, new CounterRandom(3, 0, 0)))
              .getMessage();
      assertEquals("maps of 8 channels and 0 places, want each >= 1", message);
    }
  }
}
