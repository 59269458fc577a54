package dev.lacuna.optim;

import static dev.lacuna.optim.Trajectory.gradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.ops.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** torch's clip_grad_norm_, and what it leaves alone. */
final class GradientClipTest {
  private static Context open(String backend) {
    return Lacuna.open(Device.parse(backend));
  }

  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-12", "reference, 1e-5"})
  void clippedStepsAreTorchs(String backend, double tolerance) {
    JsonNode golden = Golden.read("opt_sgd_momentum_clip0p5");
    double[] w0 = Golden.values(golden.at("/inputs/w0"));
    double[] b0 = Golden.values(golden.at("/inputs/b0"));
    JsonNode params = golden.get("params");
    Sgd.Options options =
        new Sgd.Options(
            params.get("momentum").asDouble(), 0, Sgd.Decay.COUPLED, Sgd.Momentum.CLASSIC);
    try (Context context = open(backend);
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup weights = store.group("weights");
      ParameterGroup biases = store.group("biases");
      Parameter w = weights.add("w", i -> w0[i], Golden.shape(golden.at("/inputs/w0")));
      Parameter b = biases.add("b", i -> b0[i], b0.length);
      Sgd sgd = new Sgd(context, options, weights, biases);
      double clip = params.get("clip_total_norm").asDouble();
      for (int step = 0; step < golden.at("/inputs/steps").size(); step++) {
        JsonNode given = golden.at("/inputs/steps").get(step);
        JsonNode wanted = golden.at("/outputs/steps").get(step);
        store.zeroGrad();
        gradient(tape, w, Golden.values(given.get("w_grad")));
        gradient(tape, b, Golden.values(given.get("b_grad")));
        double norm = GradientClip.byNorm(tape, clip, weights, biases);
        Golden.assertClose(
            "norm", wanted.get("total_norm_before_clip"), new double[] {norm}, tolerance);
        Golden.assertClose("dw", wanted.get("clipped_w_grad"), w.grad(), tolerance);
        sgd.step(wanted.get("lr").asDouble());
        Golden.assertClose("w after step " + step, wanted.get("w"), w.get(), tolerance);
        Golden.assertClose("b after step " + step, wanted.get("b"), b.get(), tolerance);
      }
    }
  }

  @Test
  void whatHasNoGradientDoesNotCount() {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      ParameterGroup other = store.group("other");
      Parameter a = group.add("a", i -> 1, 1);
      Parameter old = group.add("old", i -> 1, 2);
      Parameter b = group.add("b", i -> 1, 1);
      Parameter c = other.add("c", i -> 1, 1);
      gradient(tape, old, 100, 100);
      store.zeroGrad();
      assertEquals(0, GradientClip.byNorm(tape, 1, group));
      gradient(tape, a, 3);
      gradient(tape, b, -4);
      gradient(tape, c, 7);
      assertEquals(5, GradientClip.byNorm(tape, 1, group), 1e-15);
      assertArrayEquals(new double[] {3 / 5.000001}, a.grad(), 1e-15);
      assertArrayEquals(new double[] {-4 / 5.000001}, b.grad(), 1e-15);
      assertArrayEquals(new double[] {7}, c.grad());
      assertFalse(old.hasGradient());
    }
  }

  @Test
  void gradientsBelowTheLimitStay() {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Parameter a = group.add("a", i -> 1, 2);
      gradient(tape, a, 0.3, 0.4);
      assertEquals(0.5, GradientClip.byNorm(tape, 0.6, group), 1e-15);
      assertArrayEquals(new double[] {0.3, 0.4}, a.grad());
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void aNormThatIsNoNumberNamesTheGroups(double bad) {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("audio");
      ParameterGroup other = store.group("text");
      Parameter a = group.add("a", i -> 1, 2);
      other.add("b", i -> 1, 2);
      gradient(tape, a, 1, bad);
      LacunaException error =
          assertThrows(LacunaException.class, () -> GradientClip.byNorm(tape, 1, group, other));
      assertEquals(Status.NON_FINITE, error.status());
      assertEquals("the norm of the gradients of audio, text is " + bad, error.getMessage());
      assertArrayEquals(new double[] {1, bad}, a.grad());
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void aLimitThatIsNoneIsRefused(double maxNorm) {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      assertThrows(IllegalArgumentException.class, () -> GradientClip.byNorm(tape, maxNorm, group));
    }
  }
}
