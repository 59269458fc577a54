package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.multimodal.mla.SharedHeadModel;
import dev.lacuna.nn.Conv2d;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.MaxPool2dOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A training step is only handed to the device: who reads a loss waits, nobody else. */
final class WaitingTest {
  private static final int SAMPLES = 6;
  private static final int SIDE = 8;
  private static final int CLASSES = 3;
  private static final int WIDTH = 8;

  /** What makes the caller wait for the device, or the device for the caller. */
  private static final List<String> WAITING =
      List.of(
          "cuStreamSynchronize",
          "cuEventSynchronize",
          "cuMemAlloc_v2",
          "cuMemFree_v2",
          "cuMemAllocHost_v2",
          "cuMemcpyDtoHAsync_v2");

  private static final AlternatingStep.Options DEFAULT =
      AlternatingStep.Options.DEFAULT
          .withAlpha(AlternatingStep.Alpha.constant(0.1))
          .withSgd(Sgd.Options.DEFAULT);

  /** What runs where the parameters lie. */
  private static final List<AlternatingStep.Options> ON_THE_DEVICE =
      List.of(
          DEFAULT,
          DEFAULT.withProjection(AlternatingStep.Projection.RLS_UPDATE),
          DEFAULT.withProjector(
              GradientProjector.Options.DEFAULT.withApply(GradientProjector.Apply.ADD)),
          DEFAULT
              .withHeadState(AlternatingStep.HeadState.SHARED)
              .withStaleGradient(AlternatingStep.StaleGradient.ZEROED));

  /** Those on the stand-in driver, which counts. */
  static Stream<Target> counted() {
    return Target.REQUIRED.stream().filter(target -> target.name().equals(Target.CUDA_EMULATED));
  }

  static Stream<Target> targets() {
    return Target.REQUIRED.stream();
  }

  /** MLA with two modalities of images. */
  private static final class Mla implements AutoCloseable {
    private final ParameterStore store;
    private final Tape tape;
    private final AlternatingStep step;
    private int steps;

    Mla(Context context, AlternatingStep.Options options) {
      store = new ParameterStore(context);
      tape = new Tape(context);
      List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
      for (int m = 0; m < 2; m++) {
        ParameterGroup group = store.group("modality" + m);
        Layer layer =
            Layer.sequence(
                new Conv2d(group, "conv", 1, 4, 3, 1, 1, new CounterRandom(1, 2 * m, 0)),
                x -> MaxPool2dOp.maxPool2d(x, 2, 2),
                ElementwiseOp::relu,
                Tensor::flatten,
                new Linear(group, "linear", 64, WIDTH, new CounterRandom(1, 2 * m + 1, 0)));
        encoders.add(new SharedHeadModel.Encoder("modality" + m, group, layer));
      }
      Linear head =
          new Linear(store.group("head"), "linear", WIDTH, CLASSES, new CounterRandom(1, 9, 0));
      step = new AlternatingStep(context, new SharedHeadModel(encoders, head), options);
    }

    /** One step of one modality; the loss is on the tape. */
    Tensor step() {
      tape.reset();
      float[] images = new float[SAMPLES * SIDE * SIDE];
      CounterRandom random = new CounterRandom(3, steps, 0);
      int[] labels = new int[SAMPLES];
      for (int i = 0; i < images.length; i++) {
        labels[i / (SIDE * SIDE)] = i / (SIDE * SIDE) % CLASSES;
        images[i] = (float) random.normal(i) + labels[i / (SIDE * SIDE)];
      }
      Tensor x = tape.input(images, SAMPLES, 1, SIDE, SIDE);
      Tensor y = tape.input(labels, SAMPLES);
      if (steps % 2 == 0) {
        step.startBatch(0, 1);
      }
      Tensor loss = step.apply(tape, steps % 2, x, y, 0.01);
      steps++;
      return loss;
    }

    @Override
    public void close() {
      step.close();
      tape.close();
      store.close();
    }
  }

  private static Map<String, Long> calls() {
    Map<String, Long> calls = new TreeMap<>();
    WAITING.forEach(function -> calls.put(function, StandIn.calls(function)));
    return calls;
  }

  private static long waits(Map<String, Long> calls) {
    return calls.get("cuStreamSynchronize") + calls.get("cuEventSynchronize");
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("counted")
  void aStepOfMlaWaitsForNothing(Target target) {
    for (AlternatingStep.Options options : ON_THE_DEVICE) {
      try (Context context = target.open();
          Mla mla = new Mla(context, options)) {
        for (int i = 0; i < 4; i++) {
          mla.step();
        }
        context.synchronize();
        Map<String, Long> before = calls();
        long launches = StandIn.calls("cuLaunchKernel");
        Tensor loss = mla.step();
        for (int i = 0; i < 3; i++) {
          loss = mla.step();
        }
        assertEquals(before, calls(), options.toString());
        assertTrue(StandIn.calls("cuLaunchKernel") > launches + 40, "nothing was launched");

        loss.item();
        Map<String, Long> after = calls();
        assertTrue(waits(after) > waits(before), "nobody waited for a loss that was read");
        assertEquals(before.get("cuMemAlloc_v2"), after.get("cuMemAlloc_v2"));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void twentyStepsGiveTheLossesOfTheDoubleReference(Target target) {
    List<AlternatingStep.Options> all = new ArrayList<>(ON_THE_DEVICE);
    // ELEMENTWISE_COMPAT is left out: its divisors pass through 0 and make much of any rounding.
    AlternatingStep.Options official = AlternatingStep.Options.official();
    all.add(official.withProjector(official.projector().withDenominator(Denominator.SCALAR)));
    all.add(DEFAULT.withProjector(GradientProjector.Options.DEFAULT.withForgetting(0.9)));
    for (AlternatingStep.Options options : all) {
      double[] wanted = losses(Target.doubleReference(), options);
      double[] got = losses(target, options);
      for (int i = 0; i < wanted.length; i++) {
        String where = "step " + i + " on " + target + " with " + options;
        assertEquals(wanted[i], got[i], 1e-4 * wanted[i], where);
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("counted")
  void aDeviceThatLagsBehindLearnsTheSame(Target target) {
    for (AlternatingStep.Options options : ON_THE_DEVICE) {
      double[] wanted = losses(target, options);
      StandIn.defer(true);
      try {
        assertArrayEquals(wanted, losses(target, options), options.toString());
      } finally {
        StandIn.defer(false);
      }
    }
  }

  private static double[] losses(Target target, AlternatingStep.Options options) {
    try (Context context = target.open();
        Mla mla = new Mla(context, options)) {
      double[] losses = new double[20];
      Arrays.setAll(losses, i -> mla.step().toDoubleArray()[0]);
      return losses;
    }
  }
}
