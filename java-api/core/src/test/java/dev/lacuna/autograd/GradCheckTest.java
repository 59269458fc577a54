package dev.lacuna.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.kernels.VqQuantize.Commitment;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.ops.BinaryCrossEntropyOp;
import dev.lacuna.ops.ConcatOp;
import dev.lacuna.ops.Conv2dOp;
import dev.lacuna.ops.ConvTranspose2dOp;
import dev.lacuna.ops.DropoutOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LayerNormOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.LstmOp;
import dev.lacuna.ops.MaxPool2dOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.ops.VqNearestOp;
import dev.lacuna.ops.VqQuantizeOp;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The gradient of every op against central differences in double. */
final class GradCheckTest {
  private static final double LIMIT = 1e-6;
  private static final CounterRandom RANDOM = new CounterRandom(11, 0, 0);

  /** Away from 0 and at least 0.01 from each other, so that no kink is crossed. */
  private static double apart(int i) {
    return (i % 2 == 0 ? 1 : -1) * (0.05 + 0.01 * (i * 37 % 101));
  }

  private static Context open() {
    return Lacuna.open(Device.parse("reference-f64"));
  }

  /** A function of parameters; its output is multiplied by fixed weights and summed. */
  private record Case(
      String name,
      Function<List<Tensor>, Tensor> function,
      IntToDoubleFunction values,
      List<long[]> shapes) {}

  private static Case smooth(
      String name, Function<List<Tensor>, Tensor> function, long[]... shapes) {
    return new Case(name, function, RANDOM::normal, List.of(shapes));
  }

  private static long[] shape(long... extents) {
    return extents;
  }

  /** Distances of z to three codes, which do not depend on it here. */
  private static VqQuantizeOp.Quantized commitment(Tensor z, int[] index, long... shape) {
    Tensor codebook = z.tape().input(new double[] {1, 2, 3, -1, 0.5, 2, 0, 0, 1}, 3, 3);
    return VqQuantizeOp.quantize(
        z,
        codebook,
        z.tape().input(index, shape),
        Estimator.STRAIGHT_THROUGH,
        new Commitment(0.5, 0.125));
  }

  private static Tensor labels(Tensor x, int... labels) {
    return x.tape().input(labels, labels.length);
  }

  /** Both ends of [0, 1] and what lies between. */
  private static Tensor targets(Tensor x) {
    double[] targets = new double[Math.toIntExact(x.count())];
    Arrays.setAll(targets, i -> i % 5 / 4.0);
    return x.tape().input(targets, x.shape());
  }

  private static Stream<Case> cases() {
    return Stream.of(
        smooth(
            "linear",
            x -> LinearOp.linear(x.get(0), x.get(1), x.get(2)),
            shape(4, 3),
            shape(5, 3),
            shape(5)),
        smooth(
            "linear without bias",
            x -> LinearOp.linear(x.get(0), x.get(1), null),
            shape(4, 3),
            shape(5, 3)),
        smooth("linear of one tensor", x -> LinearOp.linear(x.get(0), x.get(0), null), shape(4, 3)),
        smooth(
            "conv2d",
            x -> Conv2dOp.conv2d(x.get(0), x.get(1), x.get(2), 1, 1),
            shape(2, 3, 4, 5),
            shape(2, 3, 3, 3),
            shape(2)),
        smooth(
            "conv2d with stride",
            x -> Conv2dOp.conv2d(x.get(0), x.get(1), null, 2, 2),
            shape(2, 2, 5, 6),
            shape(3, 2, 3, 2)),
        smooth(
            "conv_transpose2d",
            x -> ConvTranspose2dOp.convTranspose2d(x.get(0), x.get(1), x.get(2), 2, 1, 1, 1),
            shape(2, 3, 3, 2),
            shape(3, 2, 3, 4),
            shape(2)),
        smooth(
            "conv_transpose2d without bias",
            x -> ConvTranspose2dOp.convTranspose2d(x.get(0), x.get(1), null, 1, 0, 0, 0),
            shape(2, 2, 3, 2),
            shape(2, 3, 2, 2)),
        smooth(
            "conv_transpose2d whose input counts twice",
            x ->
                ElementwiseOp.mul(
                    ConvTranspose2dOp.convTranspose2d(x.get(0), x.get(1), null, 1, 0, 0, 0),
                    x.get(0)),
            shape(2, 1, 3, 2),
            shape(1, 1, 1, 1)),
        smooth(
            "concatenated columns",
            x -> ConcatOp.columns(x.get(0), x.get(1), x.get(0)),
            shape(3, 4),
            shape(3, 1)),
        smooth(
            "lstm",
            x -> LstmOp.lstm(x.get(0), x.get(1), x.get(2), x.get(3), 3, false),
            shape(6, 8),
            shape(8, 2),
            shape(2, 2),
            shape(2, 2)),
        smooth(
            "lstm in reverse, asked for its cells",
            x -> LstmOp.states(x.get(0), x.get(1), x.get(2), x.get(2), 3, true).c(),
            shape(6, 8),
            shape(8, 2),
            shape(2, 2)),
        smooth(
            "lstm from zeros",
            x -> {
              LstmOp.State states = LstmOp.states(x.get(0), x.get(1), null, null, 4, true);
              return ElementwiseOp.mul(states.h(), states.c());
            },
            shape(4, 12),
            shape(12, 3)),
        new Case(
            "max_pool2d",
            x -> MaxPool2dOp.maxPool2d(x.get(0), 2, 2),
            GradCheckTest::apart,
            List.of(shape(2, 2, 4, 6))),
        new Case(
            "max_pool2d that overlaps",
            x -> MaxPool2dOp.maxPool2d(x.get(0), 3, 1),
            GradCheckTest::apart,
            List.of(shape(1, 2, 5, 6))),
        smooth("add", x -> ElementwiseOp.add(x.get(0), x.get(1)), shape(3, 4), shape(3, 4)),
        smooth("add a row", x -> ElementwiseOp.add(x.get(0), x.get(1)), shape(3, 4), shape(1, 4)),
        smooth(
            "sub a column", x -> ElementwiseOp.sub(x.get(0), x.get(1)), shape(3, 4), shape(3, 1)),
        smooth("sub", x -> ElementwiseOp.sub(x.get(0), x.get(1)), shape(3, 4), shape(3, 4)),
        smooth("mul", x -> ElementwiseOp.mul(x.get(0), x.get(1)), shape(3, 4), shape(3, 4)),
        smooth("mul a row", x -> ElementwiseOp.mul(x.get(0), x.get(1)), shape(3, 4), shape(4)),
        smooth(
            "mul a column", x -> ElementwiseOp.mul(x.get(0), x.get(1)), shape(3, 4), shape(3, 1)),
        smooth("mul a scalar", x -> ElementwiseOp.mul(x.get(0), x.get(1)), shape(3, 4), shape(1)),
        smooth("square", x -> ElementwiseOp.mul(x.get(0), x.get(0)), shape(3, 4)),
        new Case(
            "relu", x -> ElementwiseOp.relu(x.get(0)), GradCheckTest::apart, List.of(shape(3, 4))),
        smooth("affine", x -> ElementwiseOp.affine(x.get(0), -2.5, 0.75), shape(3, 4)),
        smooth("gelu", x -> ElementwiseOp.gelu(x.get(0)), shape(3, 4)),
        new Case(
            "gelu in its tails",
            x -> ElementwiseOp.gelu(x.get(0)),
            i -> (i % 2 == 0 ? 1 : -1) * (2 + 0.3 * i),
            List.of(shape(3, 4))),
        smooth("tanh", x -> ElementwiseOp.tanh(x.get(0)), shape(3, 4)),
        smooth("exp", x -> ElementwiseOp.exp(x.get(0)), shape(3, 4)),
        new Case(
            "log",
            x -> ElementwiseOp.log(x.get(0)),
            i -> 0.5 + Math.abs(apart(i)),
            List.of(shape(3, 4))),
        new Case(
            "sqrt on both sides of its floor",
            x -> ElementwiseOp.sqrt(x.get(0), 0.3),
            GradCheckTest::apart,
            List.of(shape(3, 4))),
        smooth("softmax", x -> SoftmaxOp.softmax(x.get(0)), shape(2, 3, 5)),
        smooth("softmax of one column", x -> SoftmaxOp.softmax(x.get(0)), shape(4, 1)),
        smooth("dropout", x -> DropoutOp.dropout(x.get(0), 0.4, RANDOM), shape(2, 3, 5)),
        smooth(
            "dropout of a square",
            x -> DropoutOp.dropout(ElementwiseOp.mul(x.get(0), x.get(0)), 0.4, RANDOM),
            shape(5, 3)),
        smooth(
            "layer_norm",
            x -> LayerNormOp.layerNorm(x.get(0), x.get(1), x.get(2), 1e-5),
            shape(2, 3, 5),
            shape(5),
            shape(5)),
        smooth(
            "layer_norm without gamma and beta",
            x -> LayerNormOp.layerNorm(x.get(0), null, null, 0.1),
            shape(4, 6)),
        smooth(
            "layer_norm without beta",
            x -> LayerNormOp.layerNorm(x.get(0), x.get(1), null, 0.1),
            shape(4, 6),
            shape(6)),
        smooth(
            "layer_norm of one column",
            x -> LayerNormOp.layerNorm(x.get(0), x.get(1), x.get(2), 1e-5),
            shape(4, 1),
            shape(1),
            shape(1)),
        smooth("sum over rows", x -> ReduceOp.sum(x.get(0), ReduceOp.Over.ROWS), shape(3, 4)),
        smooth("sum over columns", x -> ReduceOp.sum(x.get(0), ReduceOp.Over.COLS), shape(3, 4)),
        smooth("mean over rows", x -> ReduceOp.mean(x.get(0), ReduceOp.Over.ROWS), shape(3, 4)),
        smooth(
            "mean over columns", x -> ReduceOp.mean(x.get(0), ReduceOp.Over.COLS), shape(2, 3, 4)),
        smooth("mean over all", x -> ReduceOp.mean(x.get(0), ReduceOp.Over.ALL), shape(3, 4)),
        smooth(
            "cross-entropy",
            x -> SoftmaxOp.crossEntropy(x.get(0), labels(x.get(0), 2, 0, 4)),
            shape(3, 5)),
        smooth(
            "binary cross-entropy with logits",
            x -> BinaryCrossEntropyOp.bceWithLogits(x.get(0), targets(x.get(0))),
            shape(3, 5)),
        smooth("entropy", x -> SoftmaxOp.entropy(x.get(0)), shape(3, 5)),
        smooth(
            "gather_rows",
            x -> RowsOp.gatherRows(x.get(0), labels(x.get(0), 2, 0, 2, 3)),
            shape(5, 3)),
        smooth(
            "scatter_rows",
            x -> RowsOp.scatterRows(x.get(0), labels(x.get(0), 4, 0, 4), 6),
            shape(3, 2)),
        smooth(
            "commitment loss",
            x -> commitment(x.get(0), new int[] {2, 0, 1, 0}, 4).loss(),
            shape(4, 3)),
        smooth(
            "commitment loss to the codes of three modalities, some absent",
            x ->
                commitment(x.get(0), new int[] {2, 0, -1, 0, 1, 1, 2, -1, -1, 0, 1, -1}, 3, 4)
                    .loss(),
            shape(4, 3)),
        smooth(
            "reshape",
            x -> ElementwiseOp.mul(x.get(0).reshape(2, 6), x.get(0).reshape(2, 6)),
            shape(3, 4)));
  }

  @TestFactory
  Stream<DynamicTest> gradientsMatchCentralDifferences() {
    return cases()
        .map(c ->
            DynamicTest.dynamicTest(
                c.name,
                () -> {
                  double error = maxError(c);
                  assertTrue(error <= LIMIT, c.name + ": relative error " + error);
                }));
  }

  private static double maxError(Case c) {
    try (Context context = open();
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("x");
      List<Parameter> parameters =
          c.shapes.stream()
              .map(shape -> group.add("p" + group.parameters().size(), c.values, shape))
              .toList();
      return GradCheck.maxError(
          tape,
          parameters,
          t -> weightedSum(c.function.apply(parameters.stream().map(t::use).toList())));
    }
  }

  private static Tensor weightedSum(Tensor y) {
    double[] weights = new double[Math.toIntExact(y.count())];
    Arrays.setAll(weights, i -> RANDOM.normal(1000 + i));
    return ReduceOp.sum(
        ElementwiseOp.mul(y, y.tape().input(weights, y.shape())), ReduceOp.Over.ALL);
  }

  @Test
  void aWrongGradientIsFound() {
    // Detaching one factor of a square loses half of its gradient.
    Case wrong =
        smooth("half a square", x -> ElementwiseOp.mul(x.get(0), x.get(0).detach()), shape(3, 4));
    double error = maxError(wrong);
    assertTrue(error > 0.4, "relative error " + error);
  }

  @Test
  void aGradientThatIsNotANumberIsFound() {
    double error =
        maxError(smooth("NaN", x -> ElementwiseOp.affine(x.get(0), Double.NaN, 0), shape(2)));
    assertTrue(!(error <= LIMIT), "relative error " + error);
  }

  @Test
  void quantisingPassesItsGradientStraightThrough() {
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor z = tape.input(new double[] {0.1, 0.2, 0.9, 1.2}, 2, 2).requiresGrad();
      Tensor codebook = tape.input(new double[] {1, 1, 0, 0}, 2, 2).requiresGrad();
      Tensor q = VqNearestOp.quantize(z, codebook);
      assertArrayEquals(new double[] {0, 0, 1, 1}, q.toDoubleArray());
      Tensor weights = tape.input(new double[] {1, -2, 3, -4}, 2, 2);
      ReduceOp.sum(ElementwiseOp.mul(q, weights), ReduceOp.Over.ALL).backward();
      assertArrayEquals(new double[] {1, -2, 3, -4}, z.gradAsDoubles());
    }
  }

  @Test
  void commitmentAndCodesAddTheirGradients() {
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor z = tape.input(new double[] {0.1, 0.2, 0.9, 1.2}, 2, 2).requiresGrad();
      Tensor codebook = tape.input(new double[] {1, 1, 0, 0}, 2, 2).requiresGrad();
      Tensor index = VqNearestOp.nearest(z, codebook);
      var quantized =
          VqQuantizeOp.quantize(
              z, codebook, index, Estimator.STRAIGHT_THROUGH, Commitment.of(0.25, 1));
      assertEquals(0.5 * 0.1 / 4, quantized.loss().toDoubleArray()[0], 1e-15);
      ElementwiseOp.add(ReduceOp.sum(quantized.q(), ReduceOp.Over.ALL), quantized.loss())
          .backward();
      assertArrayEquals(new double[] {1.025, 1.05, 0.975, 1.05}, z.gradAsDoubles(), 1e-15);
    }
  }

  /** Columns of J^T for z and its code q, asked one unit vector after the other. */
  @Test
  void theRotationTurnsTheRowIntoItsCodeAndKeepsAngles() {
    double[] row = {0.3, -1.2, 0.7, 2};
    double[] code = {1, 0.5, -0.25, 1};
    double[][] transposed = new double[4][];
    try (Context context = open();
        Tape tape = new Tape(context)) {
      for (int axis = 0; axis < 4; axis++) {
        Tensor z = tape.input(row, 1, 4).requiresGrad();
        Tensor index = tape.input(new int[] {0}, 1);
        Tensor q = VqQuantizeOp.quantize(z, tape.input(code, 1, 4), index, Estimator.ROTATION);
        double[] unit = new double[4];
        unit[axis] = 1;
        Tensor picked = ElementwiseOp.mul(q, tape.input(unit, 1, 4));
        ReduceOp.sum(picked, ReduceOp.Over.ALL).backward();
        transposed[axis] = z.gradAsDoubles();
      }
    }
    // transposed[i] is row i of J, J = |q|/|z| R.
    double scale = dot(code, code) / dot(row, row);
    for (int i = 0; i < 4; i++) {
      assertEquals(code[i], dot(transposed[i], row), 1e-14, "J z = q");
      for (int j = 0; j < 4; j++) {
        assertEquals(i == j ? scale : 0, dot(transposed[i], transposed[j]), 1e-14, "R R^T = 1");
      }
    }
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }
}
