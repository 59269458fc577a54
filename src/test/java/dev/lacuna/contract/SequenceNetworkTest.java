package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.ConvTranspose2d;
import dev.lacuna.nn.Lstm;
import dev.lacuna.ops.ConcatOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.optim.GradientClip;
import dev.lacuna.optim.Sgd;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is made of several ops, LSTM to transposed convolution, on every back end. */
final class SequenceNetworkTest {
  private static final int STEPS = 3;
  private static final int SAMPLES = 5;
  private static final int WIDTH = 6;

  static List<Target> targets() {
    return Target.REQUIRED;
  }

  private static float[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(2, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.normal(i);
    }
    return values;
  }

  /** Images grown from sequences, and the parameters after two clipped steps. */
  private static double[] trained(Target target) {
    try (Context context = target.open();
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Lstm lstm = new Lstm(group, "lstm", WIDTH, 7, 2, true, new CounterRandom(1, 0, 0));
      ConvTranspose2d grown =
          new ConvTranspose2d(group, "conv", 5, 3, 3, 2, 1, 1, 1, new CounterRandom(1, 1, 0));
      Sgd sgd = new Sgd(context, Sgd.Options.DEFAULT, group);
      double[] norms = new double[2];
      double[] last = {};
      for (int step = 0; step < norms.length; step++) {
        tape.reset();
        store.zeroGrad();
        Tensor x = tape.input(normal(3, STEPS * SAMPLES * WIDTH), STEPS, SAMPLES, WIDTH);
        Tensor h = lstm.forward(x);
        Tensor rows = ConcatOp.columns(h.reshape(h.rows(), 14), x.reshape(x.rows(), WIDTH));
        Tensor images = grown.forward(rows.reshape(STEPS * SAMPLES, 5, 2, 2));
        ReduceOp.mean(ElementwiseOp.mul(images, images), ReduceOp.Over.ALL).backward();
        last = images.toDoubleArray();
        norms[step] = GradientClip.byNorm(tape, 0.1, group);
        sgd.step(0.5);
      }
      return DoubleStream.concat(
              DoubleStream.concat(DoubleStream.of(norms), DoubleStream.of(last)),
              store.parameters().stream().map(Parameter::get).flatMapToDouble(Arrays::stream))
          .toArray();
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void itLearnsWhatTheReferenceLearns(Target target) {
    double[] want = trained(Target.doubleReference());
    double[] got = trained(target);
    assertEquals(want.length, got.length);
    double largest = Arrays.stream(want).map(Math::abs).max().orElseThrow();
    for (int i = 0; i < want.length; i++) {
      assertEquals(want[i], got[i], 1e-5 * largest, target + ", number " + i);
    }
  }
}
