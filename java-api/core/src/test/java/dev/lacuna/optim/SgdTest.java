package dev.lacuna.optim;

import static dev.lacuna.optim.Trajectory.gradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.ops.Golden;
import dev.lacuna.optim.Sgd.Decay;
import dev.lacuna.optim.Sgd.Momentum;
import dev.lacuna.optim.Sgd.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trajectories of torch.optim.SGD, and what a step leaves alone. */
final class SgdTest {
  private static Context open(String backend) {
    return Lacuna.open(Device.parse(backend));
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, opt_sgd_plain, 1e-12", "reference-f64, opt_sgd_momentum, 1e-12",
    "reference-f64, opt_sgd_nesterov, 1e-12", "reference, opt_sgd_plain, 1e-5",
    "reference, opt_sgd_momentum, 1e-5", "reference, opt_sgd_nesterov, 1e-5"
  })
  void theTrajectoryIsTorchs(String backend, String file, double tolerance) {
    JsonNode golden = Golden.read(file);
    JsonNode params = golden.get("params");
    Options options =
        new Options(
            params.path("momentum").asDouble(),
            params.path("weight_decay").asDouble(),
            Decay.COUPLED,
            params.path("nesterov").asBoolean() ? Momentum.NESTEROV : Momentum.CLASSIC);
    Trajectory.assertIsTorchs(
        backend, golden, tolerance, (context, group) -> new Sgd(context, options, group));
  }

  @Test
  void aParameterWithoutAGradientIsLeftAlone() {
    Options options = new Options(0.5, 0.1, Decay.COUPLED, Momentum.CLASSIC);
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Parameter a = group.add("a", i -> 1, 2);
      Parameter b = group.add("b", i -> 2, 2);
      Parameter c = group.add("c", i -> 3, 2);
      Sgd sgd = new Sgd(context, options, group);
      gradient(tape, b, 1, 1);
      sgd.step(0.1);
      assertArrayEquals(new double[] {1, 1}, a.get());
      // Its velocity starts as its first gradient, 1 + 0.1 x 2.
      assertArrayEquals(new double[] {1.88, 1.88}, b.get(), 1e-15);
      assertArrayEquals(new double[] {3, 3}, c.get());

      store.zeroGrad();
      gradient(tape, a, 1, 1);
      sgd.step(0.1);
      assertArrayEquals(new double[] {0.89, 0.89}, a.get(), 1e-15);
      assertArrayEquals(new double[] {1.88, 1.88}, b.get(), 1e-15, "no momentum either");

      // Joined again, each goes on with its own velocity: 0.5 v + g + 0.1 w.
      store.zeroGrad();
      gradient(tape, a, 0, 0);
      gradient(tape, b, 0, 0);
      gradient(tape, c, 0, 0);
      sgd.step(0.1);
      assertArrayEquals(
          new double[] {0.89 - 0.1 * (0.55 + 0.089), 0.89 - 0.1 * (0.55 + 0.089)}, a.get(), 1e-15);
      assertArrayEquals(
          new double[] {1.88 - 0.1 * (0.6 + 0.188), 1.88 - 0.1 * (0.6 + 0.188)}, b.get(), 1e-15);
      assertArrayEquals(new double[] {2.97, 2.97}, c.get(), 1e-15);
    }
  }

  @Test
  void groupsThatWereNotGivenStay() {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup trained = store.group("trained");
      ParameterGroup frozen = store.group("frozen");
      Parameter a = trained.add("a", i -> 1, 1);
      Parameter b = frozen.add("b", i -> 1, 1);
      Sgd sgd = new Sgd(context, Options.DEFAULT, trained);
      gradient(tape, a, 1);
      gradient(tape, b, 1);
      sgd.step(0.5);
      assertArrayEquals(new double[] {0.5}, a.get());
      assertArrayEquals(new double[] {1}, b.get());
    }
  }

  @Test
  void decoupledDecayShrinksTheWeightBesideTheStep() {
    Options options = new Options(0, 0.1, Decay.DECOUPLED, Momentum.CLASSIC);
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Parameter w = group.add("w", i -> 2, 1);
      Sgd sgd = new Sgd(context, options, group);
      gradient(tape, w, 3);
      sgd.step(0.5);
      assertArrayEquals(new double[] {2 * (1 - 0.5 * 0.1) - 0.5 * 3}, w.get(), 1e-15);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
  void aLearningRateThatIsNoStepIsRefused(double learningRate) {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("g");
      Parameter w = group.add("w", i -> 2, 1);
      Sgd sgd = new Sgd(context, Options.DEFAULT, group);
      assertThrows(IllegalArgumentException.class, () -> sgd.step(learningRate));
      assertArrayEquals(new double[] {2}, w.get());
    }
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    for (double momentum : new double[] {-0.1, 1, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new Options(momentum, 0, Decay.COUPLED, Momentum.CLASSIC));
    }
    for (double decay : new double[] {-0.1, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new Options(0, decay, Decay.COUPLED, Momentum.CLASSIC));
    }
  }
}
