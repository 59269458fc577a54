package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ops and their gradients against torch. */
final class GoldenTest {
  private static Context open(String backend) {
    return Lacuna.open(Device.parse(backend));
  }

  private static double tolerance(Context context) {
    return context.real() == DType.F64 ? 1e-10 : 1e-4;
  }

  private static Tensor tensor(Tape tape, JsonNode array) {
    return tape.input(Golden.values(array), Golden.shape(array)).requiresGrad();
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_conv_k1", "reference-f64, nn_conv_k2_s2_p1",
    "reference-f64, nn_conv_k3_s1_p1", "reference-f64, nn_conv_k3_s2_p0",
    "reference-f64, nn_conv_k5_s1_p0", "reference, nn_conv_k1",
    "reference, nn_conv_k2_s2_p1", "reference, nn_conv_k3_s1_p1",
    "reference, nn_conv_k3_s2_p0", "reference, nn_conv_k5_s1_p0"
  })
  void convolutionIsTorchsConv2d(String backend, String file) {
    JsonNode golden = Golden.read(file);
    JsonNode inputs = golden.get("inputs");
    JsonNode outputs = golden.get("outputs");
    int stride = golden.at("/params/stride").asInt();
    int pad = golden.at("/params/padding").asInt();
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      double tolerance = tolerance(context);
      Tensor x = tensor(tape, inputs.get("x"));
      Tensor weight = tensor(tape, inputs.at("/weights/weight"));
      @Nullable Tensor bias =
          golden.at("/params/bias").asBoolean() ? tensor(tape, inputs.at("/weights/bias")) : null;
      Tensor y = Conv2dOp.conv2d(x, weight, bias, stride, pad);
      Golden.assertClose("y", outputs.get("y"), y.toDoubleArray(), tolerance);
      Tensor g = tape.input(Golden.values(inputs.get("G")), y.shape());
      ReduceOp.sum(ElementwiseOp.mul(y, g), ReduceOp.Over.ALL).backward();
      Golden.assertClose("dx", outputs.get("grad_x"), x.gradAsDoubles(), tolerance);
      Golden.assertClose(
          "dweight", outputs.at("/grad_params/weight"), weight.gradAsDoubles(), tolerance);
      if (bias != null) {
        Golden.assertClose(
            "dbias", outputs.at("/grad_params/bias"), bias.gradAsDoubles(), tolerance);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void crossEntropyIsTorchsMeanCrossEntropy(String backend) {
    JsonNode golden = Golden.read("nn_cross_entropy");
    JsonNode inputs = golden.get("inputs");
    JsonNode outputs = golden.get("outputs");
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      crossEntropy(tape, inputs, outputs.get("ce_mean"), 1);
      crossEntropy(tape, inputs, outputs.get("ce_mean_logits_x500"), 500);
    }
  }

  private static void crossEntropy(Tape tape, JsonNode inputs, JsonNode wanted, double scale) {
    double[] labels = Golden.values(inputs.get("labels"));
    int[] label = new int[labels.length];
    for (int i = 0; i < label.length; i++) {
      label[i] = (int) labels[i];
    }
    double[] values = Golden.values(inputs.get("logits"));
    for (int i = 0; i < values.length; i++) {
      values[i] *= scale;
    }
    Tensor logits = tape.input(values, Golden.shape(inputs.get("logits"))).requiresGrad();
    Tensor loss = SoftmaxOp.crossEntropy(logits, tape.input(label, label.length));
    loss.backward();
    double tolerance = tolerance(tape.context());
    Golden.assertClose("loss", wanted.get("loss"), loss.toDoubleArray(), tolerance);
    Golden.assertClose("dlogits", wanted.get("grad"), logits.gradAsDoubles(), tolerance);
  }

  /** The loss of each sample alone; the gradient of their mean is held above. */
  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void crossEntropyOfOneRowIsTorchsLossOfThatSample(String backend) {
    JsonNode golden = Golden.read("nn_cross_entropy");
    double[] labels = Golden.values(golden.at("/inputs/labels"));
    double[] logits = Golden.values(golden.at("/inputs/logits"));
    int c = logits.length / labels.length;
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      double[] losses = new double[labels.length];
      for (int i = 0; i < losses.length; i++) {
        Tensor row = tape.input(Arrays.copyOfRange(logits, i * c, (i + 1) * c), 1, c);
        Tensor label = tape.input(new int[] {(int) labels[i]}, 1);
        losses[i] = SoftmaxOp.crossEntropy(row, label).toDoubleArray()[0];
      }
      JsonNode wanted = golden.at("/outputs/nll_per_sample");
      Golden.assertClose("losses", wanted, losses, tolerance(context));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void binaryCrossEntropyIsTorchsMean(String backend) {
    JsonNode golden = Golden.read("nn_bce_logits");
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      binaryCrossEntropy(tape, golden, "bce_mean", 1);
      binaryCrossEntropy(tape, golden, "bce_mean_logits_x300", 300);
    }
  }

  private static void binaryCrossEntropy(Tape tape, JsonNode golden, String name, double scale) {
    JsonNode wanted = golden.get("outputs").get(name);
    JsonNode inputs = golden.get("inputs");
    double[] values = Golden.values(inputs.get("logits"));
    for (int i = 0; i < values.length; i++) {
      values[i] *= scale;
    }
    Tensor logits = tape.input(values, Golden.shape(inputs.get("logits"))).requiresGrad();
    Tensor targets =
        tape.input(Golden.values(inputs.get("targets")), Golden.shape(inputs.get("targets")));
    Tensor loss = BinaryCrossEntropyOp.bceWithLogits(logits, targets);
    loss.backward();
    double tolerance = tolerance(tape.context());
    Golden.assertClose("loss", wanted.get("loss"), loss.toDoubleArray(), tolerance);
    Golden.assertClose("dlogits", wanted.get("grad"), logits.gradAsDoubles(), tolerance);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void theMeanSquaredDifferenceIsTorchsMeanSquaredError(String backend) {
    JsonNode golden = Golden.read("nn_mse_l1");
    JsonNode wanted = golden.at("/outputs/mse");
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      double tolerance = tolerance(context);
      Tensor a = tensor(tape, golden.at("/inputs/a"));
      Tensor b = tensor(tape, golden.at("/inputs/b"));
      Tensor difference = ElementwiseOp.sub(a, b);
      Tensor loss = ReduceOp.mean(ElementwiseOp.mul(difference, difference), ReduceOp.Over.ALL);
      loss.backward();
      Golden.assertClose("loss", wanted.get("loss"), loss.toDoubleArray(), tolerance);
      Golden.assertClose("da", wanted.get("grad_a"), a.gradAsDoubles(), tolerance);
      Golden.assertClose("db", wanted.get("grad_b"), b.gradAsDoubles(), tolerance);
    }
  }

  /** -sum p log p of torch's softmax and log_softmax, of softmax(x) for each row of an image. */
  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void entropyIsThatOfTorchsSoftmax(String backend) {
    JsonNode golden = Golden.read("nn_pool_activations");
    double[] p = Golden.values(golden.at("/outputs/softmax_last/y"));
    double[] logP = Golden.values(golden.at("/outputs/log_softmax_last/y"));
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      Tensor x = tensor(tape, golden.at("/inputs/x"));
      double[] entropy = SoftmaxOp.entropy(x).toDoubleArray();
      assertEquals(24, entropy.length);
      for (int i = 0; i < entropy.length; i++) {
        double wanted = 0;
        for (int j = 5 * i; j < 5 * (i + 1); j++) {
          wanted -= p[j] * logP[j];
        }
        assertEquals(wanted, entropy[i], tolerance(context) * wanted, "row " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, maxpool2_s2, 2, 2", "reference-f64, maxpool2_s4, 2, 4",
    "reference, maxpool2_s2, 2, 2", "reference, maxpool2_s4, 2, 4"
  })
  void maxPoolingIsTorchs(String backend, String name, int k, int stride) {
    misc(backend, name, x -> MaxPool2dOp.maxPool2d(x, k, stride));
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void reluIsTorchs(String backend) {
    misc(backend, "relu", ElementwiseOp::relu);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void geluIsTorchsExactGelu(String backend) {
    misc(backend, "gelu_erf", ElementwiseOp::gelu);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void tanhIsTorchs(String backend) {
    misc(backend, "tanh", ElementwiseOp::tanh);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void softmaxIsTorchsOverTheLastDimension(String backend) {
    misc(backend, "softmax_last", SoftmaxOp::softmax);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void theLogarithmOfSoftmaxIsTorchsLogSoftmax(String backend) {
    misc(backend, "log_softmax_last", x -> ElementwiseOp.log(SoftmaxOp.softmax(x)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void theLogarithmOfTheSumOfExponentialsIsTorchsLogsumexp(String backend) {
    misc(
        backend,
        "logsumexp_last",
        x ->
            ElementwiseOp.log(ReduceOp.sum(ElementwiseOp.exp(x), ReduceOp.Over.COLS))
                .reshape(2, 2, 6));
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_layernorm_3x4_d6", "reference-f64, nn_layernorm_5_d1",
    "reference-f64, nn_layernorm_2_d64", "reference, nn_layernorm_3x4_d6",
    "reference, nn_layernorm_5_d1", "reference, nn_layernorm_2_d64"
  })
  void layerNormalisationIsTorchsLayerNorm(String backend, String file) {
    JsonNode golden = Golden.read(file);
    JsonNode inputs = golden.get("inputs");
    JsonNode outputs = golden.get("outputs");
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      double tolerance = tolerance(context);
      Tensor x = tensor(tape, inputs.get("x"));
      Tensor gamma = tensor(tape, inputs.at("/weights/weight"));
      Tensor beta = tensor(tape, inputs.at("/weights/bias"));
      Tensor y = LayerNormOp.layerNorm(x, gamma, beta, golden.at("/params/eps").asDouble());
      Golden.assertClose("y", outputs.get("y"), y.toDoubleArray(), tolerance);
      Tensor g = tape.input(Golden.values(inputs.get("G")), y.shape());
      ReduceOp.sum(ElementwiseOp.mul(y, g), ReduceOp.Over.ALL).backward();
      Golden.assertClose("dx", outputs.get("grad_x"), x.gradAsDoubles(), tolerance);
      Golden.assertClose(
          "dgamma", outputs.at("/grad_params/weight"), gamma.gradAsDoubles(), tolerance);
      Golden.assertClose("dbeta", outputs.at("/grad_params/bias"), beta.gradAsDoubles(), tolerance);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void theMeanOverAnImageIsTorchsGlobalAveragePool(String backend) {
    misc(
        backend,
        "adaptive_avg_1",
        x -> ReduceOp.mean(x.reshape(4, 30), ReduceOp.Over.COLS).reshape(2, 2, 1, 1));
  }

  private static void misc(String backend, String name, UnaryOperator<Tensor> function) {
    JsonNode golden = Golden.read("nn_pool_activations");
    JsonNode wanted = golden.get("outputs").get(name);
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      Tensor x = tensor(tape, golden.at("/inputs/x"));
      Tensor y = function.apply(x);
      Golden.assertClose("y", wanted.get("y"), y.toDoubleArray(), tolerance(context));
      double[] g = new double[Math.toIntExact(y.count())];
      for (int i = 1; i <= g.length; i++) {
        g[i - 1] = Math.sin(0.8 * i + 0.5 * Math.cos(0.37 * i));
      }
      Tensor weighted = ElementwiseOp.mul(y, tape.input(g, y.shape()));
      ReduceOp.sum(weighted, ReduceOp.Over.ALL).backward();
      Golden.assertClose("dx", wanted.get("grad_x"), x.gradAsDoubles(), tolerance(context));
    }
  }

  @Test
  void entropyIsThatOfItsProbabilities() {
    try (Context context = open("reference-f64");
        Tape tape = new Tape(context)) {
      // Probabilities 1/2, 1/4, 1/4; and all equal.
      double[] logits = {Math.log(2), 0, 0, 7, 7, 7};
      double[] e = SoftmaxOp.entropy(tape.input(logits, 2, 3)).toDoubleArray();
      assertEquals(1.5 * Math.log(2), e[0], 1e-14);
      assertEquals(Math.log(3), e[1], 1e-14);
    }
  }
}
