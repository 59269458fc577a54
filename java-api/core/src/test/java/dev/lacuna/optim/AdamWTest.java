package dev.lacuna.optim;

import static dev.lacuna.optim.Trajectory.gradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.ops.Golden;
import dev.lacuna.optim.AdamW.Options;
import dev.lacuna.optim.Sgd.Decay;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trajectories of torch.optim.AdamW and torch.optim.Adam, and what a step leaves alone. */
final class AdamWTest {
  private static Context open(String backend) {
    return Lacuna.open(Device.parse(backend));
  }

  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-12", "reference, 1e-5"})
  void theTrajectoryIsTorchsAdamW(String backend, double tolerance) {
    trajectory(backend, "opt_adamw", Decay.DECOUPLED, tolerance);
    trajectory(backend, "opt_adamw_betas", Decay.DECOUPLED, tolerance);
  }

  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-12", "reference, 1e-5"})
  void theTrajectoryIsTorchsAdam(String backend, double tolerance) {
    trajectory(backend, "opt_adam", Decay.COUPLED, tolerance);
    trajectory(backend, "opt_adam_l2_1e4", Decay.COUPLED, tolerance);
    trajectory(backend, "opt_adam_l2_betas095", Decay.COUPLED, tolerance);
    trajectory(backend, "opt_adam_multistep", Decay.COUPLED, tolerance);
    trajectory(backend, "opt_adam_steplr", Decay.COUPLED, tolerance);
  }

  /** What a file does not name is torch's default of Adam. */
  private static void trajectory(String backend, String file, Decay decay, double tolerance) {
    JsonNode golden = Golden.read(file);
    JsonNode params = golden.get("params");
    Options options =
        Options.DEFAULT
            .withBetas(params.at("/betas/0").asDouble(0.9), params.at("/betas/1").asDouble(0.999))
            .withEpsilon(params.path("eps").asDouble(1e-8))
            .withWeightDecay(params.path("weight_decay").asDouble(0), decay);
    Trajectory.assertIsTorchs(
        backend, golden, tolerance, (context, group) -> new AdamW(context, options, group));
  }

  /** At any step of an unchanging gradient both moments, corrected, are the gradient's own. */
  @Test
  void aParameterCountsItsOwnStepsAndIsLeftAloneWithoutAGradient() {
    Options options = Options.DEFAULT.withWeightDecay(0.1, Decay.DECOUPLED);
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Parameter a = group.add("a", i -> 1, 2);
      Parameter b = group.add("b", i -> 2, 2);
      Parameter c = group.add("c", i -> 3, 2);
      AdamW adam = new AdamW(context, options, group);
      gradient(tape, b, 4, 4);
      adam.step(0.01);
      gradient(tape, b, -3, 3);
      SafeTensors before = saved(adam);
      store.zeroGrad();
      gradient(tape, a, 5, -5);
      adam.step(0.01);
      // Each after one step of its own: w (1 - 0.01 x 0.1) - 0.01 g / |g|.
      assertArrayEquals(new double[] {0.989, 1.009}, a.get(), 1e-9);
      assertArrayEquals(new double[] {1.988, 1.988}, b.get(), 1e-9, "no decay, no moment");
      assertArrayEquals(new double[] {3, 3}, c.get());
      SafeTensors after = saved(adam);
      assertArrayEquals(new double[] {0, 1, 0}, numbers(before, "steps"));
      assertArrayEquals(new double[] {1, 1, 0}, numbers(after, "steps"));
      for (String moment : new String[] {"m", "v"}) {
        int from = (int) b.start();
        assertArrayEquals(
            Arrays.copyOfRange(numbers(before, moment), from, from + 2),
            Arrays.copyOfRange(numbers(after, moment), from, from + 2),
            moment);
      }

      // All three at once, after 1, 1 and 0 steps.
      store.zeroGrad();
      gradient(tape, a, 5, -5);
      gradient(tape, b, 4, 4);
      gradient(tape, c, 1, -2);
      adam.step(0.01);
      assertArrayEquals(new double[] {0.989 * 0.999 - 0.01, 1.009 * 0.999 + 0.01}, a.get(), 1e-9);
      assertArrayEquals(new double[] {1.988 * 0.999 - 0.01, 1.988 * 0.999 - 0.01}, b.get(), 1e-9);
      assertArrayEquals(new double[] {2.987, 3.007}, c.get(), 1e-9);
    }
  }

  private static SafeTensors saved(AdamW adam) {
    SafeTensors file = new SafeTensors();
    adam.save("", file);
    return file;
  }

  private static double[] numbers(SafeTensors file, String name) {
    return file.tensors().get("g." + name).doubles().clone();
  }

  @Test
  void aFileThatLacksSomethingOfOneGroupChangesNone() {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup whole = store.group("g");
      Parameter a = whole.add("a", i -> 1, 2);
      ParameterGroup lacking = store.group("lacking");
      Parameter b = lacking.add("b", i -> 2, 2);
      AdamW adam = new AdamW(context, Options.DEFAULT, whole, lacking);
      SafeTensors file = saved(adam);
      file.tensors().remove("lacking.v");
      gradient(tape, a, 1, 2);
      gradient(tape, b, 3, 4);
      adam.step(0.1);
      SafeTensors before = saved(adam);
      assertThrows(IllegalArgumentException.class, () -> adam.load("", file));
      for (String name : new String[] {"m", "v", "steps"}) {
        assertArrayEquals(numbers(before, name), numbers(saved(adam), name), name);
      }
    }
  }

  /** Padding between parameters takes part in a step; what it holds must stay a number. */
  @Test
  void theStateStaysFiniteWhereGradientsAreZero() {
    try (Context context = open("reference");
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Parameter a = group.add("a", i -> 1, 1);
      Parameter b = group.add("b", i -> 2, 1);
      AdamW adam = new AdamW(context, Options.DEFAULT, group);
      gradient(tape, a, 0);
      gradient(tape, b, 0);
      adam.step(0.1);
      assertArrayEquals(new double[] {1 - 1e-3}, a.get(), 1e-6);
      assertArrayEquals(new double[] {2 - 2e-3}, b.get(), 1e-6);
      assertArrayEquals(new double[17], Arrays.copyOf(numbers(saved(adam), "m"), 17));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
  void aLearningRateThatIsNoStepIsRefused(double learningRate) {
    try (Context context = open("reference-f64");
        ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("g");
      Parameter w = group.add("w", i -> 2, 1);
      AdamW adam = new AdamW(context, Options.DEFAULT, group);
      assertThrows(IllegalArgumentException.class, () -> adam.step(learningRate));
      assertArrayEquals(new double[] {2}, w.get());
    }
  }

  @Test
  void optionsOutOfRangeAreNamed() {
    Options options = Options.DEFAULT;
    for (double beta : new double[] {-0.1, 1, Double.NaN}) {
      refused("beta1 is " + beta, () -> options.withBetas(beta, 0.5));
      refused("beta2 is " + beta, () -> options.withBetas(0.5, beta));
    }
    for (double epsilon : new double[] {0, -1, 1e-60, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused("epsilon is " + epsilon, () -> options.withEpsilon(epsilon));
    }
    for (double decay : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused("weightDecay is " + decay, () -> options.withWeightDecay(decay, Decay.COUPLED));
    }
  }

  private static void refused(String begin, Runnable made) {
    String message = assertThrows(IllegalArgumentException.class, made::run).getMessage();
    assertEquals(begin, message.substring(0, message.indexOf(',')));
  }
}
