package dev.lacuna.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.GradientProjector.Apply;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What projection does to the head's gradient, in double precision (methods 6.4). */
final class GradientProjectorTest {
  private static final int WIDTH = 6;
  private static final int CLASSES = 3;
  private static final int ROWS = 4;
  private static final double ALPHA = 0.05;

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);
  private final Linear head =
      new Linear(store.group("head"), "linear", WIDTH, CLASSES, new CounterRandom(5, 0, 0));
  private final Parameter weight = head.weight();
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    store.close();
    context.close();
  }

  private GradientProjector projector(Parameter projected, Order order, Norm norm) {
    GradientProjector.Options options =
        GradientProjector.Options.DEFAULT.withOrder(order).withNorm(norm);
    return new GradientProjector(context, projected, options);
  }

  private Tensor features(int stream) {
    CounterRandom random = new CounterRandom(7, stream, 0);
    double[] values = new double[ROWS * WIDTH];
    Arrays.setAll(values, i -> Math.max(0, random.normal(i)));
    return tape.input(values, ROWS, WIDTH);
  }

  /** A fresh gradient from features; it is returned as it is before any projection. */
  private double[] backward(Tensor features) {
    store.zeroGrad();
    Tensor labels = tape.input(new int[] {0, 1, 2, 0}, ROWS);
    SoftmaxOp.crossEntropy(head.forward(features), labels).backward();
    return weight.grad();
  }

  private static double[] mean(Tensor features) {
    double[] values = features.toDoubleArray();
    double[] mean = new double[WIDTH];
    for (int i = 0; i < values.length; i++) {
      mean[i % WIDTH] += values[i] / ROWS;
    }
    return mean;
  }

  /** matrix [rows, WIDTH] times a vector: what a step along the gradient does to its logits. */
  private static double[] times(double[] matrix, double[] r) {
    double[] product = new double[matrix.length / WIDTH];
    for (int i = 0; i < matrix.length; i++) {
      product[i / WIDTH] += matrix[i] * r[i % WIDTH];
    }
    return product;
  }

  private static double dot(double[] a, double[] b) {
    return times(a, b)[0];
  }

  private static double[] scaled(double factor, double[] values) {
    return Arrays.stream(values).map(v -> factor * v).toArray();
  }

  @Test
  void theFirstCallOnlyAbsorbs() {
    try (GradientProjector projector = projector(weight, Order.PROJECT_THEN_ABSORB, Norm.FRO)) {
      Tensor x = features(0);
      double[] raw = backward(x);
      projector.apply(tape, x, ALPHA);
      assertArrayEquals(raw, weight.grad());
      assertEquals(1, projector.projector().absorbed());
    }
  }

  /** What {@code projected} foresees is what {@code apply} does, and foreseeing changes nothing. */
  @ParameterizedTest
  @CsvSource({"SCALAR, REPLACE", "SCALAR, ADD", "ELEMENTWISE_COMPAT, REPLACE"})
  void aGradientIsProjectedWithoutBeingLearnedFrom(Denominator denominator, Apply apply) {
    GradientProjector.Options options =
        GradientProjector.Options.DEFAULT.withDenominator(denominator).withApply(apply);
    try (GradientProjector projector = new GradientProjector(context, weight, options)) {
      projector.apply(tape, features(0), ALPHA);
      projector.apply(tape, features(1), ALPHA);
      Tensor x = features(2);
      double[] raw = backward(x);
      double[] p = projector.projector().matrix();
      double[] foreseen = projector.projected(tape, raw);
      assertArrayEquals(p, projector.projector().matrix());
      assertArrayEquals(raw, weight.grad());
      projector.apply(tape, x, ALPHA);
      assertArrayEquals(weight.grad(), foreseen, 1e-15);
      assertTrue(Math.abs(foreseen[0] - raw[0]) > 1e-6, "nothing is projected here");
    }
  }

  @Test
  void anAbsorbedMeanFeatureHardlyDriftsAnyMore() {
    try (GradientProjector projector = projector(weight, Order.PROJECT_THEN_ABSORB, Norm.NONE)) {
      Tensor first = features(0);
      double[] r = mean(first);
      backward(first);
      projector.apply(tape, first, ALPHA);

      Tensor second = features(1);
      double[] raw = backward(second);
      projector.apply(tape, second, ALPHA);
      double factor = ALPHA / (ALPHA + dot(r, r));
      assertTrue(factor < 0.1, "the features are too small for this test: " + factor);
      assertArrayEquals(scaled(factor, times(raw, r)), times(weight.grad(), r), 1e-12);

      // Again for the second feature, where P is no longer I: r P r with P of before it.
      double[] r2 = mean(second);
      double gain = dot(r, r2) / (ALPHA + dot(r, r));
      double[] pr2 = new double[WIDTH];
      Arrays.setAll(pr2, i -> r2[i] - gain * r[i]);
      Tensor third = features(2);
      raw = backward(third);
      projector.apply(tape, third, ALPHA);
      double again = ALPHA / (ALPHA + dot(r2, pr2));
      assertArrayEquals(scaled(again, times(raw, pr2)), times(weight.grad(), r2), 1e-12);
    }
  }

  @Test
  void absorbThenProjectTurnsAwayFromTheCurrentFeaturesToo() {
    try (GradientProjector projector = projector(weight, Order.ABSORB_THEN_PROJECT, Norm.NONE)) {
      Tensor x = features(0);
      double[] r = mean(x);
      double[] raw = backward(x);
      projector.apply(tape, x, ALPHA);
      double factor = ALPHA / (ALPHA + dot(r, r));
      assertArrayEquals(scaled(factor, times(raw, r)), times(weight.grad(), r), 1e-12);
    }
  }

  @Test
  void frobeniusNormDividesTheProjectedGradient() {
    double[] plain;
    double size;
    try (GradientProjector projector = projector(weight, Order.ABSORB_THEN_PROJECT, Norm.NONE)) {
      Tensor x = features(0);
      backward(x);
      projector.apply(tape, x, ALPHA);
      plain = weight.grad();
      size = norm(projector.projector().matrix());
    }
    try (GradientProjector projector = projector(weight, Order.ABSORB_THEN_PROJECT, Norm.FRO)) {
      Tensor x = features(0);
      backward(x);
      projector.apply(tape, x, ALPHA);
      assertEquals(1, norm(projector.projector().matrix()), 1e-12);
      assertArrayEquals(scaled(1 / size, plain), weight.grad(), 1e-12);
    }
  }

  private static double norm(double[] matrix) {
    return Math.sqrt(Arrays.stream(matrix).map(v -> v * v).sum());
  }

  @Test
  void theBiasAndTheFeaturesKeepTheirGradients() {
    try (GradientProjector projector = projector(weight, Order.ABSORB_THEN_PROJECT, Norm.NONE)) {
      Tensor x = features(0).requiresGrad();
      backward(x);
      double[] bias = head.bias().grad();
      double[] input = x.gradAsDoubles();
      double[] raw = weight.grad();
      projector.apply(tape, x, ALPHA);
      assertArrayEquals(bias, head.bias().grad());
      assertArrayEquals(input, x.gradAsDoubles());
      assertFalse(Arrays.equals(raw, weight.grad()), "nothing was projected");
    }
  }

  @Test
  void onlyAMatrixCanBeProjected() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> projector(head.bias(), Order.PROJECT_THEN_ABSORB, Norm.NONE))
            .getMessage();
    assertTrue(message.contains("head.linear.bias"), message);
  }

  @Test
  void featuresOfAnotherWidthAndNoNumbersAreRefused() {
    try (GradientProjector projector = projector(weight, Order.PROJECT_THEN_ABSORB, Norm.NONE)) {
      double[] narrow = new double[ROWS * (WIDTH - 1)];
      RuntimeException error =
          assertThrows(
              RuntimeException.class,
              () -> projector.apply(tape, tape.input(narrow, ROWS, WIDTH - 1), ALPHA));
      assertTrue(error.getMessage().contains("width"), error.getMessage());
      double[] bad = new double[ROWS * WIDTH];
      bad[3] = Double.NaN;
      LacunaException notFinite =
          assertThrows(
              LacunaException.class,
              () -> projector.apply(tape, tape.input(bad, ROWS, WIDTH), ALPHA));
      assertTrue(notFinite.getMessage().contains("r[0, 3]"), notFinite.getMessage());
      assertThrows(LacunaException.class, () -> projector.apply(tape, features(0), 0));
      assertEquals(0, projector.projector().absorbed());
    }
  }
}
