package dev.lacuna.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.DType;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.Golden;
import dev.lacuna.ops.LstmOp.State;
import dev.lacuna.ops.ReduceOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values and gradients of torch.nn.LSTM, and its parameters. */
final class LstmTest {
  /** [b, t, d] to [t, b, d], or back with the two extents swapped. */
  private static double[] swapped(double[] x, int b, int t) {
    int d = x.length / (b * t);
    double[] swapped = new double[x.length];
    for (int i = 0; i < b; i++) {
      for (int step = 0; step < t; step++) {
        System.arraycopy(x, (i * t + step) * d, swapped, (step * b + i) * d, d);
      }
    }
    return swapped;
  }

  /** Rows of part {@code i} of the array's first dimension. */
  private static Tensor part(Tape tape, JsonNode array, int i) {
    long[] shape = Golden.shape(array);
    int size = (int) (shape[1] * shape[2]);
    double[] values = Golden.values(array);
    return tape.input(Arrays.copyOfRange(values, i * size, (i + 1) * size), shape[1], shape[2]);
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_lstm_l1", "reference-f64, nn_lstm_l2",
    "reference-f64, nn_lstm_l2_bi", "reference-f64, nn_lstm_l1_bi_h0",
    "reference-f64, nn_lstm_l2_bi_h0", "reference, nn_lstm_l1",
    "reference, nn_lstm_l2", "reference, nn_lstm_l2_bi",
    "reference, nn_lstm_l1_bi_h0", "reference, nn_lstm_l2_bi_h0"
  })
  void valuesAndGradientsAreTorchs(String backend, String file) {
    JsonNode golden = Golden.read(file);
    JsonNode params = golden.get("params");
    JsonNode inputs = golden.get("inputs");
    JsonNode outputs = golden.get("outputs");
    int b = params.get("B").asInt();
    int t = params.get("T").asInt();
    int in = params.get("input").asInt();
    int layers = params.get("layers").asInt();
    boolean bidirectional = params.get("bidirectional").asBoolean();
    int perLayer = bidirectional ? 2 : 1;
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      double tolerance = context.real() == DType.F64 ? 1e-10 : 1e-4;
      ParameterGroup group = store.group("text");
      int hidden = params.get("hidden").asInt();
      Lstm lstm =
          new Lstm(group, "lstm", in, hidden, layers, bidirectional, new CounterRandom(1, 0, 0));
      for (Parameter parameter : group.parameters()) {
        JsonNode weight = inputs.get("weights").get(torchs(parameter));
        assertArrayEquals(Golden.shape(weight), parameter.shape(), parameter.name());
        parameter.set(Golden.values(weight));
      }
      assertEquals(inputs.get("weights").size(), group.parameters().size());

      Tensor x = tape.input(swapped(Golden.values(inputs.get("x")), b, t), t, b, in).requiresGrad();
      List<State> initial = new ArrayList<>();
      for (int i = 0; inputs.has("h0") && i < layers * perLayer; i++) {
        initial.add(
            new State(
                part(tape, inputs.get("h0"), i).requiresGrad(),
                part(tape, inputs.get("c0"), i).requiresGrad()));
      }
      List<State> states = lstm.states(x, initial);
      assertEquals(layers * perLayer, states.size());

      // loss = sum y G_y + sum h_n G_h + sum c_n G_c, written over the states of all steps
      Tensor loss = null;
      double[] y = new double[t * b * perLayer * hidden];
      double[] hLast = new double[layers * perLayer * b * hidden];
      double[] cLast = new double[hLast.length];
      double[] gy = swapped(Golden.values(inputs.get("G_y")), b, t);
      for (int i = 0; i < states.size(); i++) {
        int end = i % perLayer;
        int last = end == 1 ? 0 : t - 1;
        double[] h = states.get(i).h().toDoubleArray();
        double[] c = states.get(i).c().toDoubleArray();
        double[] gh = new double[h.length];
        double[] gc = new double[h.length];
        int size = b * hidden;
        System.arraycopy(h, last * size, hLast, i * size, size);
        System.arraycopy(c, last * size, cLast, i * size, size);
        System.arraycopy(Golden.values(inputs.get("G_h")), i * size, gh, last * size, size);
        System.arraycopy(Golden.values(inputs.get("G_c")), i * size, gc, last * size, size);
        if (i >= states.size() - perLayer) {
          for (int row = 0; row < t * b; row++) {
            for (int j = 0; j < hidden; j++) {
              int column = (row * perLayer + end) * hidden + j;
              y[column] = h[row * hidden + j];
              gh[row * hidden + j] += gy[column];
            }
          }
        }
        Tensor term =
            ElementwiseOp.add(weighted(states.get(i).h(), gh), weighted(states.get(i).c(), gc));
        loss = loss == null ? term : ElementwiseOp.add(loss, term);
      }
      Golden.assertClose("y", outputs.get("y"), swapped(y, t, b), tolerance);
      Golden.assertClose("h_n", outputs.get("h_n"), hLast, tolerance);
      Golden.assertClose("c_n", outputs.get("c_n"), cLast, tolerance);
      Golden.assertClose("loss", outputs.get("loss"), loss.toDoubleArray(), tolerance);
      loss.backward();
      Golden.assertClose("dx", outputs.get("grad_x"), swapped(x.gradAsDoubles(), t, b), tolerance);
      for (Parameter parameter : group.parameters()) {
        JsonNode wanted = outputs.get("grad_params").get(torchs(parameter));
        Golden.assertClose(parameter.name(), wanted, parameter.grad(), tolerance);
      }
      if (!initial.isEmpty()) {
        Golden.assertClose(
            "dh0", outputs.get("grad_h0"), gradients(initial.stream().map(State::h)), tolerance);
        Golden.assertClose(
            "dc0", outputs.get("grad_c0"), gradients(initial.stream().map(State::c)), tolerance);
      } else {
        Tensor output = lstm.forward(x);
        assertArrayEquals(new long[] {t, b, (long) perLayer * hidden}, output.shape());
        assertArrayEquals(y, output.toDoubleArray());
      }
    }
  }

  /** A parameter's name without group and layer. */
  private static String torchs(Parameter parameter) {
    return parameter.name().substring("text.lstm.".length());
  }

  private static Tensor weighted(Tensor x, double[] g) {
    return ReduceOp.sum(ElementwiseOp.mul(x, x.tape().input(g, x.shape())), ReduceOp.Over.ALL);
  }

  private static double[] gradients(Stream<Tensor> tensors) {
    return tensors.flatMapToDouble(x -> Arrays.stream(x.gradAsDoubles())).toArray();
  }

  @Test
  void initialValuesAreUniformWithinTorchsBound() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("g");
      new Lstm(group, "lstm", 30, 25, 1, true, new CounterRandom(3, 0, 0));
      double bound = 1 / Math.sqrt(25);
      double[] all =
          group.parameters().stream().flatMapToDouble(p -> Arrays.stream(p.get())).toArray();
      double squares = 0;
      double largest = 0;
      for (double value : all) {
        squares += value * value;
        largest = Math.max(largest, Math.abs(value));
      }
      assertTrue(largest <= bound && largest > 0.99 * bound, "largest " + largest);
      assertEquals(bound * bound / 3, squares / all.length, 0.03 * bound * bound);
      // each draws its own
      assertEquals(all.length, (double) Arrays.stream(all).distinct().count(), 5);
    }
  }

  @Test
  void layersAndStatesThatDoNotFitAreRefused() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      CounterRandom random = new CounterRandom(3, 0, 0);
      assertThrows(
          IllegalArgumentException.class, () -> new Lstm(group, "none", 3, 2, 0, false, random));
      Lstm lstm = new Lstm(group, "lstm", 3, 2, 2, true, random);
      Tensor x = tape.input(new double[6], 1, 2, 3);
      Tensor zeros = tape.input(new double[4], 2, 2);
      List<State> one = List.of(new State(zeros, zeros));
      String message =
          assertThrows(IllegalArgumentException.class, () -> lstm.states(x, one)).getMessage();
      assertEquals(
          "lstm: 1 initial states are given, want none or 4, one a layer and direction", message);
    }
  }
}
