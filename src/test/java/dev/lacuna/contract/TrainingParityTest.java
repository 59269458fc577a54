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
import dev.lacuna.nn.Conv2d;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.MaxPool2dOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.Sgd;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A whole training run gives the same losses on every back end. */
final class TrainingParityTest {
  private static final int STEPS = 20;
  private static final int SAMPLES = 32;
  private static final int SIDE = 12;
  private static final int CLASSES = 4;

  static Stream<Target> targets() {
    return Target.REQUIRED.stream();
  }

  @ParameterizedTest
  @MethodSource("targets")
  void lossAfterTwentyStepsIsThatOfTheDoubleReference(Target target) {
    double[] wanted = losses(Target.doubleReference());
    double[] got = losses(target);
    assertTrue(
        wanted[STEPS] < 0.7 * wanted[0],
        "the network does not learn: " + wanted[0] + " to " + wanted[STEPS]);
    for (int step = 0; step <= STEPS; step++) {
      assertEquals(
          wanted[step],
          got[step],
          1e-4 * wanted[step],
          "loss after step " + step + " on " + target);
    }
  }

  private static double[] losses(Target target) {
    double[] losses = new double[STEPS + 1];
    try (Context context = target.open();
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup encoder = store.group("encoder");
      ParameterGroup head = store.group("head");
      Layer network =
          Layer.sequence(
              new Conv2d(encoder, "conv1", 1, 6, 3, 1, 1, new CounterRandom(1, 0, 0)),
              ElementwiseOp::relu,
              x -> MaxPool2dOp.maxPool2d(x, 2, 2),
              new Conv2d(encoder, "conv2", 6, 8, 3, 1, 0, new CounterRandom(1, 1, 0)),
              ElementwiseOp::relu,
              Tensor::flatten,
              new Linear(head, "linear", 8 * 4 * 4, CLASSES, new CounterRandom(1, 2, 0)));
      Sgd sgd = new Sgd(context, Sgd.Options.DEFAULT, encoder, head);
      float[] images = images();
      int[] labels = labels();
      for (int step = 0; step <= STEPS; step++) {
        tape.reset();
        Tensor logits = network.forward(tape.input(images, SAMPLES, 1, SIDE, SIDE));
        Tensor loss = SoftmaxOp.crossEntropy(logits, tape.input(labels, SAMPLES));
        losses[step] = loss.toDoubleArray()[0];
        store.zeroGrad();
        loss.backward();
        sgd.step(0.004);
      }
    }
    return losses;
  }

  private static int[] labels() {
    int[] labels = new int[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      labels[i] = i % CLASSES;
    }
    return labels;
  }

  /** Noise, and a bright quadrant that says the class. */
  private static float[] images() {
    CounterRandom random = new CounterRandom(3, 0, 0);
    float[] images = new float[SAMPLES * SIDE * SIDE];
    for (int i = 0; i < images.length; i++) {
      int sample = i / (SIDE * SIDE);
      int row = i / SIDE % SIDE;
      int col = i % SIDE;
      int quadrant = 2 * (2 * row / SIDE) + 2 * col / SIDE;
      images[i] = (float) (random.normal(i) + (quadrant == sample % CLASSES ? 1 : 0));
    }
    return images;
  }

  @ParameterizedTest
  @MethodSource("targets")
  void oneTensorAsBothOperandsReceivesBothGradients(Target target) {
    double[] x = {1, -2, 3, 0.5};
    assertArrayEquals(
        new double[] {2, -4, 6, 1}, gradient(target, x, t -> ElementwiseOp.mul(t, t)));
    assertArrayEquals(new double[] {2, 2, 2, 2}, gradient(target, x, t -> ElementwiseOp.add(t, t)));
    assertArrayEquals(new double[] {0, 0, 0, 0}, gradient(target, x, t -> ElementwiseOp.sub(t, t)));
    // d/dx of the sum of x x^T is twice the column sums, in every row.
    assertArrayEquals(
        new double[] {8, -3, 8, -3}, gradient(target, x, t -> LinearOp.linear(t, t, null)));
  }

  private static double[] gradient(Target target, double[] value, UnaryOperator<Tensor> function) {
    try (Context context = target.open();
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(value, 2, 2).requiresGrad();
      ReduceOp.sum(function.apply(x), ReduceOp.Over.ALL).backward();
      return x.gradAsDoubles();
    }
  }
}
