package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.kernels.VicReg.Form;
import dev.lacuna.kernels.VicReg.Halving;
import dev.lacuna.kernels.VicReg.Options;
import dev.lacuna.kernels.VicReg.Target;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The VICReg loss on the tape. */
final class VicRegOpTest {
  private static final CounterRandom RANDOM = new CounterRandom(12, 0, 0);
  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  static Stream<Arguments> shapesAndOptions() {
    return Stream.of(new int[] {7, 5}, new int[] {4, 9}, new int[] {16, 3})
        .flatMap(shape ->
            Stream.of(
                    Options.DEFAULT,
                    Options.DEFAULT.withHalving(Halving.HALVED),
                    Options.DEFAULT.withTarget(Target.INVARIANCE_ONLY),
                    Options.DEFAULT.withWeights(0, 0, 1).withForm(Form.GRAM))
                .map(options -> Arguments.of(shape[0], shape[1], options)));
  }

  @ParameterizedTest
  @MethodSource("shapesAndOptions")
  void gradientsMatchCentralDifferences(int n, int d, Options options) {
    try (ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("views");
      Parameter x = group.add("x", RANDOM::normal, n, d);
      Parameter y = group.add("y", i -> RANDOM.normal(1000 + i), n, d);
      double error =
          GradCheck.maxError(
              tape,
              List.of(x, y),
              t ->
                  ElementwiseOp.affine(
                      VicRegOp.vicReg(t.use(x), t.use(y), options).loss(), -1.5, 2));
      assertTrue(error <= 1e-6, "relative error " + error);
    }
  }

  @Test
  void oneTensorAsBothViewsGetsBothGradients() {
    try (ParameterStore store = new ParameterStore(context)) {
      Parameter x = store.group("views").add("x", RANDOM::normal, 6, 4);
      double error =
          GradCheck.maxError(
              tape, List.of(x), t -> VicRegOp.vicReg(t.use(x), t.use(x), Options.DEFAULT).loss());
      assertTrue(error <= 1e-6, "relative error " + error);
    }
  }

  private Tensor input(int n, int d, int from) {
    double[] values = new double[n * d];
    for (int i = 0; i < values.length; i++) {
      values[i] = RANDOM.normal(from + i);
    }
    return tape.input(values, n, d);
  }

  @Test
  void backwardCanBeRepeatedAndAddsUp() {
    Tensor x = input(5, 3, 0).requiresGrad();
    Tensor y = input(5, 3, 50).requiresGrad();
    Tensor loss = VicRegOp.vicReg(x, y, Options.DEFAULT).loss();
    loss.backward();
    double[] once = x.gradAsDoubles();
    loss.backward();
    double[] twice = x.gradAsDoubles();
    for (int i = 0; i < once.length; i++) {
      assertEquals(2 * once[i], twice[i], 1e-12);
    }
  }

  @Test
  void aDetachedTargetGetsNoGradientAndDoesNotChangeTheOther() {
    Tensor x = input(5, 3, 0).requiresGrad();
    Tensor y = input(5, 3, 50).requiresGrad();
    VicRegOp.vicReg(x, y.detach(), Options.DEFAULT).loss().backward();
    double[] stopped = x.gradAsDoubles();
    assertThrows(IllegalArgumentException.class, y::gradAsDoubles);
    tape.reset();
    Tensor a = input(5, 3, 0).requiresGrad();
    Tensor b = input(5, 3, 50).requiresGrad();
    VicRegOp.vicReg(a, b, Options.DEFAULT).loss().backward();
    assertArrayEquals(stopped, a.gradAsDoubles());
    assertEquals(15, b.gradAsDoubles().length);
  }

  @Test
  void theTapeAndTheDoorGiveTheSameLossTermsAndGradients() {
    Tensor x = input(8, 5, 0).requiresGrad();
    Tensor y = input(8, 5, 50).requiresGrad();
    VicRegOp.Result result = VicRegOp.vicReg(x, y, Options.DEFAULT);
    result.loss().backward();
    float[] dx = new float[40];
    float[] dy = new float[40];
    VicReg.Loss loss =
        VicReg.lossAndGrad(context, x.toArray(), y.toArray(), 8, 5, Options.DEFAULT, dx, dy);
    assertEquals(loss.value(), result.loss().item(), 1e-5);
    double[] terms = {
      loss.invariance(), loss.varianceX(), loss.varianceY(), loss.covarianceX(), loss.covarianceY()
    };
    assertArrayEquals(terms, result.terms().toDoubleArray(), 1e-6);
    assertArrayEquals(x.grad(), dx, 1e-6f);
    assertArrayEquals(y.grad(), dy, 1e-6f);
  }

  @Test
  void withoutGradientsOnlyTheLossIsComputed() {
    Tensor x = input(5, 3, 0).requiresGrad();
    Tensor[] loss = new Tensor[1];
    tape.withoutGradients(() -> loss[0] = VicRegOp.vicReg(x, x, Options.DEFAULT).loss());
    assertThrows(IllegalArgumentException.class, loss[0]::backward);
    assertTrue(Double.isFinite(loss[0].toDoubleArray()[0]));
  }

  @Test
  void wrongShapesAreRefused() {
    Tensor x = input(5, 3, 0);
    LacunaException e =
        assertThrows(
            LacunaException.class, () -> VicRegOp.vicReg(x, input(5, 4, 0), Options.DEFAULT));
    assertEquals("vicreg: y is [5, 4], want [5, 3] to match x", e.getMessage());
    e =
        assertThrows(
            LacunaException.class,
            () -> VicRegOp.vicReg(x.reshape(15), x.reshape(15), Options.DEFAULT));
    assertEquals("vicreg: x is [15], want 2 dimensions", e.getMessage());
    e =
        assertThrows(
            LacunaException.class,
            () -> VicRegOp.vicReg(x.reshape(1, 15), x.reshape(1, 15), Options.DEFAULT));
    assertTrue(e.getMessage().startsWith("vicreg: n is 1, want >= 2"), e.getMessage());
  }
}
