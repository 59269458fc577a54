package dev.lacuna.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Layers declare their parameters under the names and shapes of torch. */
final class LayerTest {
  private static double variance(IntToDoubleFunction values) {
    double sum = 0;
    double squares = 0;
    int n = 20_000;
    for (int i = 0; i < n; i++) {
      double value = values.applyAsDouble(i);
      sum += value;
      squares += value * value;
    }
    assertEquals(0, sum / n, 0.02);
    return squares / n;
  }

  @Test
  void initialValuesHaveTheVarianceOfTheirRule() {
    CounterRandom random = new CounterRandom(5, 0, 0);
    assertEquals(2.0 / 50, variance(Init.kaimingNormal(random, 50)), 0.05 * 2.0 / 50);
    assertEquals(2.0 / 40, variance(Init.xavierNormal(random, 30, 10)), 0.05 * 2.0 / 40);
    assertEquals(0, variance(Init.zeros()));
  }

  @Test
  void aSequenceRunsItsLayersInOrder() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("image");
      CounterRandom random = new CounterRandom(1, 0, 0);
      Conv2d conv = new Conv2d(group, "conv", 2, 3, 3, 2, 1, random);
      Linear linear = new Linear(group, "fc", 3 * 2 * 3, 4, random);
      assertEquals(
          List.of("image.conv.weight", "image.conv.bias", "image.fc.weight", "image.fc.bias"),
          group.parameters().stream().map(Parameter::name).toList());
      assertArrayEquals(new long[] {3, 2, 3, 3}, group.parameters().getFirst().shape());
      assertArrayEquals(new long[] {4, 18}, linear.weight().shape());
      assertArrayEquals(new double[4], linear.bias().get());
      Layer network = Layer.sequence(conv, ElementwiseOp::relu, Tensor::flatten, linear);
      Tensor y = network.forward(tape.input(new float[5 * 2 * 4 * 6], 5, 2, 4, 6));
      assertArrayEquals(new long[] {5, 4}, y.shape());
    }
  }
}
