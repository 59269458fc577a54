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
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ConvTranspose2dOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.Golden;
import dev.lacuna.ops.ReduceOp;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values and gradients of torch.nn.ConvTranspose2d. */
final class ConvTranspose2dTest {
  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_convt_k2_s2", "reference-f64, nn_convt_k3_s1_p0",
    "reference-f64, nn_convt_k3_s1_p1", "reference-f64, nn_convt_k3_s2_p1_op1",
    "reference, nn_convt_k2_s2", "reference, nn_convt_k3_s1_p0",
    "reference, nn_convt_k3_s1_p1", "reference, nn_convt_k3_s2_p1_op1"
  })
  void valuesAndGradientsAreTorchs(String backend, String file) {
    JsonNode golden = Golden.read(file);
    JsonNode params = golden.get("params");
    JsonNode inputs = golden.get("inputs");
    JsonNode outputs = golden.get("outputs");
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      double tolerance = context.real() == DType.F64 ? 1e-10 : 1e-4;
      ParameterGroup group = store.group("video");
      ConvTranspose2d conv =
          new ConvTranspose2d(
              group,
              "conv",
              params.get("in").asInt(),
              params.get("out").asInt(),
              params.get("kernel").asInt(),
              params.get("stride").asInt(),
              params.get("padding").asInt(),
              params.get("output_padding").asInt(),
              params.get("output_padding").asInt(),
              new CounterRandom(1, 0, 0));
      List<Parameter> parameters = group.parameters();
      assertEquals(
          List.of("video.conv.weight", "video.conv.bias"),
          parameters.stream().map(Parameter::name).toList());
      JsonNode weight = inputs.at("/weights/weight");
      assertArrayEquals(Golden.shape(weight), parameters.getFirst().shape());
      parameters.getFirst().set(Golden.values(weight));
      boolean bias = params.get("bias").asBoolean();
      if (bias) {
        parameters.getLast().set(Golden.values(inputs.at("/weights/bias")));
      }
      Tensor x =
          tape.input(Golden.values(inputs.get("x")), Golden.shape(inputs.get("x"))).requiresGrad();
      Tensor y = conv.forward(x);
      assertArrayEquals(Golden.shape(outputs.get("y")), y.shape());
      Golden.assertClose("y", outputs.get("y"), y.toDoubleArray(), tolerance);
      Tensor g = tape.input(Golden.values(inputs.get("G")), y.shape());
      ReduceOp.sum(ElementwiseOp.mul(y, g), ReduceOp.Over.ALL).backward();
      Golden.assertClose("dx", outputs.get("grad_x"), x.gradAsDoubles(), tolerance);
      JsonNode wanted = outputs.get("grad_params");
      Golden.assertClose("dweight", wanted.get("weight"), parameters.getFirst().grad(), tolerance);
      if (bias) {
        Golden.assertClose("dbias", wanted.get("bias"), parameters.getLast().grad(), tolerance);
      }
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(new double[8], 1, 2, 2, 2);
      Tensor weight = tape.input(new double[12], 3, 1, 2, 2);
      LacunaException other =
          assertThrows(
              LacunaException.class,
              () -> ConvTranspose2dOp.convTranspose2d(x, weight, null, 1, 0, 0, 0));
      assertEquals(
          "conv_transpose2d: weight is [3, 1, 2, 2], want [2, c_out, kh, kw] to match x",
          other.getMessage());
      Tensor fits = tape.input(new double[8], 2, 1, 2, 2);
      String outputPad =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> ConvTranspose2dOp.convTranspose2d(x, fits, null, 2, 0, 0, 2))
              .getMessage();
      assertTrue(outputPad.contains("columns 2"), outputPad);
      assertThrows(
          LacunaException.class, () -> ConvTranspose2dOp.convTranspose2d(x, fits, x, 1, 0, 0, 0));
      assertThrows(
          LacunaException.class,
          () -> ConvTranspose2dOp.convTranspose2d(x, fits, null, 1, 2, 0, 0));
    }
  }
}
