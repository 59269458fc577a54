package dev.lacuna.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
import dev.lacuna.ops.ReduceOp;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layers declare their parameters under the names and shapes of torch, and compute the same. */
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

  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_conv_k2_s2_p1", "reference-f64, nn_conv_k3_s1_p1",
    "reference-f64, nn_conv_k3_s2_p0", "reference-f64, nn_conv_k5_s1_p0",
    "reference, nn_conv_k2_s2_p1", "reference, nn_conv_k3_s1_p1",
    "reference, nn_conv_k3_s2_p0", "reference, nn_conv_k5_s1_p0"
  })
  void aConvolutionIsTorchsConv2d(String backend, String file) {
    JsonNode golden = Golden.read(file);
    JsonNode params = golden.get("params");
    int in = params.get("in").asInt();
    int out = params.get("out").asInt();
    int k = params.get("kernel").asInt();
    int stride = params.get("stride").asInt();
    int pad = params.get("padding").asInt();
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      CounterRandom random = new CounterRandom(1, 0, 0);
      Layer conv = new Conv2d(group, "conv", in, out, k, stride, pad, random);
      JsonNode x = golden.at("/inputs/x");
      Tensor input = tape.input(Golden.values(x), Golden.shape(x));
      double[] g = Golden.values(golden.at("/inputs/G"));
      assertTrained(golden, group, conv, input, g, y -> y);
    }
  }

  /** Each output pixel of a convolution is a linear map of the patch under the kernel. */
  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_conv_k2_s2_p1", "reference-f64, nn_conv_k3_s1_p1",
    "reference-f64, nn_conv_k3_s2_p0", "reference-f64, nn_conv_k5_s1_p0",
    "reference, nn_conv_k2_s2_p1", "reference, nn_conv_k3_s1_p1",
    "reference, nn_conv_k3_s2_p0", "reference, nn_conv_k5_s1_p0"
  })
  void aLinearMapOfPatchesIsTorchsConv2d(String backend, String file) {
    JsonNode golden = Golden.read(file);
    long[] yShape = Golden.shape(golden.at("/outputs/y"));
    int out = (int) yShape[1];
    int pixels = (int) (yShape[2] * yShape[3]);
    double[][] patches = patches(golden, (int) yShape[2], (int) yShape[3]);
    int width = patches[0].length;
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Layer linear = new Linear(group, "fc", width, out, new CounterRandom(1, 0, 0));
      double[] flat = Arrays.stream(patches).flatMapToDouble(Arrays::stream).toArray();
      Tensor input = tape.input(flat, patches.length, width);
      double[] g = new double[patches.length * out];
      double[] wanted = Golden.values(golden.at("/inputs/G"));
      for (int i = 0; i < g.length; i++) {
        g[i] = wanted[planar(i, out, pixels)];
      }
      assertTrained(
          golden,
          group,
          linear,
          input,
          g,
          y -> {
            double[] planes = new double[y.length];
            for (int i = 0; i < y.length; i++) {
              planes[planar(i, out, pixels)] = y[i];
            }
            return planes;
          });
    }
  }

  /** Where element i of [image, pixel, channel] lies in [image, channel, pixel]. */
  private static int planar(int i, int channels, int pixels) {
    int channel = i % channels;
    int pixel = i / channels % pixels;
    return (i / (channels * pixels) * channels + channel) * pixels + pixel;
  }

  /** What lies under the kernel [in, k, k], by image and output pixel; 0 in the padding. */
  private static double[][] patches(JsonNode golden, int height, int width) {
    double[] x = Golden.values(golden.at("/inputs/x"));
    long[] shape = Golden.shape(golden.at("/inputs/x"));
    int in = (int) shape[1];
    int k = golden.at("/params/kernel").asInt();
    int stride = golden.at("/params/stride").asInt();
    int pad = golden.at("/params/padding").asInt();
    double[][] patches = new double[(int) shape[0] * height * width][in * k * k];
    for (int p = 0; p < patches.length; p++) {
      for (int j = 0; j < patches[p].length; j++) {
        int row = p / width % height * stride - pad + j / k % k;
        int col = p % width * stride - pad + j % k;
        if (row >= 0 && row < shape[2] && col >= 0 && col < shape[3]) {
          int plane = p / (height * width) * in + j / (k * k);
          patches[p][j] = x[(int) ((plane * shape[2] + row) * shape[3] + col)];
        }
      }
    }
    return patches;
  }

  /** Gives a layer torch's weights and holds its output and their gradients against torch's. */
  private static void assertTrained(
      JsonNode golden,
      ParameterGroup group,
      Layer layer,
      Tensor input,
      double[] g,
      UnaryOperator<double[]> order) {
    Tape tape = input.tape();
    double tolerance = tape.context().real() == DType.F64 ? 1e-10 : 1e-4;
    Parameter weight = group.parameters().getFirst();
    Parameter bias = group.parameters().getLast();
    weight.set(Golden.values(golden.at("/inputs/weights/weight")));
    bias.set(Golden.values(golden.at("/inputs/weights/bias")));
    Tensor y = layer.forward(input);
    Golden.assertClose("y", golden.at("/outputs/y"), order.apply(y.toDoubleArray()), tolerance);
    Tensor weighted = ElementwiseOp.mul(y, tape.input(g, y.shape()));
    ReduceOp.sum(weighted, ReduceOp.Over.ALL).backward();
    JsonNode gradients = golden.at("/outputs/grad_params");
    Golden.assertClose("dweight", gradients.get("weight"), weight.grad(), tolerance);
    Golden.assertClose("dbias", gradients.get("bias"), bias.grad(), tolerance);
  }
}
