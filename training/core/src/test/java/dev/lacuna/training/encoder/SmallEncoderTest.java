package dev.lacuna.training.encoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Layer;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.training.data.Modality;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SmallEncoderTest {
  private static final int WIDTH = 3;

  /** Three texts of up to four tokens. */
  private static final float[] TEXTS = {1, 5, 5, 0, 2, 0, 0, 0, 1, 2, 3, 4};

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    store.close();
    context.close();
  }

  private Layer encoder(int channels, int height, int width) {
    Modality modality =
        new Modality("m", channels, height, width, new float[1][channels * height * width]);
    return SmallEncoder.of(store.group("m"), modality, WIDTH, new CounterRandom(1, 2, 3));
  }

  private static float[] numbers(int count) {
    CounterRandom random = new CounterRandom(4, 5, 6);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.normal(i);
    }
    return numbers;
  }

  /** max(0, x weight^T + bias). */
  private static double[] layer(double[] x, double[] weight, double[] bias) {
    double[] y = bias.clone();
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += weight[o * x.length + i] * x[i];
      }
      y[o] = Math.max(0, y[o]);
    }
    return y;
  }

  @Test
  void aVectorGoesThroughTwoLinearLayers() {
    Layer encoder = encoder(1, 1, 5);
    float[] x = numbers(5);
    double[] y = encoder.forward(tape.input(x, 1, 1, 1, 5)).toDoubleArray();
    double[][] values = store.parameters().stream().map(Parameter::get).toArray(double[][]::new);
    assertEquals(4, values.length);
    double[] wide = new double[5];
    for (int i = 0; i < 5; i++) {
      wide[i] = x[i];
    }
    double[] hidden = layer(wide, values[0], values[1]);
    assertEquals(128, hidden.length);
    assertArrayEquals(layer(hidden, values[2], values[3]), y, 1e-12);
  }

  @Test
  void aPictureGoesThroughTwoConvolutions() {
    Layer encoder = encoder(3, 6, 9);
    assertArrayEquals(
        new long[] {2, WIDTH}, encoder.forward(tape.input(numbers(324), 2, 3, 6, 9)).shape());
    assertEquals(
        (3 * 9 + 1) * 16 + (16 * 9 + 1) * 32 + (32 * 2 + 1) * WIDTH,
        store.count(),
        "weights and biases of two convolutions and a linear layer");
  }

  @Test
  void tokensGoThroughTheSumOfTheirEmbeddingsAndALinearLayer() {
    Modality text = Modality.ofTokens("m", 4, 6, new float[0][]);
    Layer encoder = SmallEncoder.of(store.group("m"), text, WIDTH, new CounterRandom(1, 2, 3));
    double[] got = encoder.forward(tape.input(TEXTS, 3, 1, 1, 4)).toDoubleArray();
    double[][] values = store.parameters().stream().map(Parameter::get).toArray(double[][]::new);
    assertEquals(3, values.length);
    int[][] ids = {{1, 5, 5}, {2}, {1, 2, 3, 4}};
    double[] wanted = new double[3 * WIDTH];
    for (int i = 0; i < 3; i++) {
      double[] sum = new double[64];
      for (int j = 0; j < 64; j++) {
        for (int id : ids[i]) {
          sum[j] += values[0][id * 64 + j] / Math.sqrt(ids[i].length);
        }
        sum[j] = Math.max(0, sum[j]);
      }
      System.arraycopy(layer(sum, values[1], values[2]), 0, wanted, i * WIDTH, WIDTH);
    }
    // the divisor is a float
    assertArrayEquals(wanted, got, 1e-6);
    assertTrue(Arrays.stream(got).anyMatch(value -> value > 0.01), Arrays.toString(got));
  }

  @Test
  void onlyTokensThatAreThereGetAGradientAndATextDoesNotChangeAnother() {
    Modality text = Modality.ofTokens("m", 4, 6, new float[0][]);
    Layer encoder = SmallEncoder.of(store.group("m"), text, WIDTH, new CounterRandom(1, 2, 3));
    Tensor y = encoder.forward(tape.input(TEXTS, 3, 1, 1, 4));
    double[] together = y.toDoubleArray();
    ReduceOp.sum(y, ReduceOp.Over.ALL).backward();
    double[] gradient = store.parameters().getFirst().grad();
    for (int id = 0; id < 6; id++) {
      boolean none = Arrays.stream(gradient, 64 * id, 64 * (id + 1)).allMatch(g -> g == 0);
      assertEquals(id == Modality.PAD, none, "token " + id);
    }
    tape.reset();
    float[] last = Arrays.copyOfRange(TEXTS, 8, 12);
    assertArrayEquals(
        Arrays.copyOfRange(together, 2 * WIDTH, 3 * WIDTH),
        encoder.forward(tape.input(last, 1, 1, 1, 4)).toDoubleArray());
  }

  @Test
  void whatIsNeitherIsNamed() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> encoder(1, 2, 40)).getMessage();
    assertEquals("modality m is 2 x 40, want at least 4 x 4, or a height of 1", message);
  }
}
