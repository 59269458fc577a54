package dev.lacuna.training.cmg;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.AdamW;
import dev.lacuna.training.metrics.Accuracy;
import java.util.Arrays;

/**
 * Softmax regression on the vectors of codes. A probe's example is a row of codes, of one step or
 * of a whole sequence; its logits are the mean over the row of a linear layer's. Methods like
 * Uni-Code's own take the maximum over steps of a hidden layer; the mean keeps the probe linear, so
 * that what transfers is in the codes.
 */
final class LinearProbe {
  private static final int STEPS = 300;
  private static final int BATCH = 512;
  private static final double LEARNING_RATE = 0.02;
  private static final long SEED = 7;
  private static final int INITIAL = 0x3C01;
  private static final int CHOICE = 0x3C02;

  /** [code][class]. */
  private final double[][] logits;

  private LinearProbe(double[][] logits) {
    this.logits = logits;
  }

  /**
   * Learns, the same on every call.
   *
   * @param examples rows of codes, at least one
   * @param labels one an example, in [0, classes)
   */
  static LinearProbe learn(
      Context context, CodeVectors vectors, int[][] examples, int[] labels, int classes) {
    try (ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("probe");
      Linear linear =
          new Linear(
              group, "linear", vectors.width(), classes, new CounterRandom(SEED, INITIAL, 0));
      AdamW optimizer = new AdamW(context, AdamW.Options.DEFAULT, group);
      int batch = Math.min(BATCH, examples.length);
      for (int step = 0; step < STEPS; step++) {
        CounterRandom random = new CounterRandom(SEED, CHOICE, step);
        double[] x = new double[batch * vectors.width()];
        int[] wanted = new int[batch];
        for (int i = 0; i < batch; i++) {
          int chosen = batch == examples.length ? i : random.below(i, examples.length);
          vectors.addMean(examples[chosen], x, i * vectors.width());
          wanted[i] = labels[chosen];
        }
        tape.reset();
        store.zeroGrad();
        Tensor out = linear.forward(tape.input(x, batch, vectors.width()));
        SoftmaxOp.crossEntropy(out, tape.input(wanted, batch)).backward();
        optimizer.step(LEARNING_RATE * 0.5 * (1 + Math.cos(Math.PI * step / STEPS)));
      }
      return new LinearProbe(logits(tape, linear, vectors, classes));
    }
  }

  private static double[][] logits(Tape tape, Linear linear, CodeVectors vectors, int classes) {
    tape.reset();
    double[][] rows = new double[vectors.count()][];
    tape.withoutGradients(() -> {
      double[] all =
          linear
              .forward(tape.input(vectors.flat(), vectors.count(), vectors.width()))
              .toDoubleArray();
      Arrays.setAll(rows, k -> Arrays.copyOfRange(all, k * classes, (k + 1) * classes));
    });
    return rows;
  }

  /** Share of examples that are classified right; at least one. */
  double accuracy(int[][] examples, int[] labels) {
    double[][] scores = new double[examples.length][logits[0].length];
    for (int i = 0; i < examples.length; i++) {
      for (int code : examples[i]) {
        for (int c = 0; c < scores[i].length; c++) {
          scores[i][c] += logits[code][c] / examples[i].length;
        }
      }
    }
    return Accuracy.of(scores, labels);
  }
}
