package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.nn.Lstm;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.SoftmaxOp;
import java.util.stream.IntStream;

/**
 * Cross-modal contrastive predictive coding of one modality: from its steps so far, an LSTM and a
 * linear layer predict the next step of any modality (Oord, Li, Vinyals, 2018; across modalities
 * Xia et al., NeurIPS 2023). The prediction of sequence j scores u_j . z_i against the true next
 * steps z_i of the batch,
 *
 * <pre>
 * loss = -mean_i log softmax_j(z_i . u_j)[i]
 * </pre>
 */
final class CrossCpc {
  /** A start, one step to know it by, and one to predict. */
  static final int LEAST_STEPS = CmgStep.CPC_STEPS;

  private static final int LAYERS = 2;
  private final Lstm lstm;
  private final Linear linear;

  /** Declares {@code name.lstm} and {@code name.linear} in a group. */
  CrossCpc(ParameterGroup group, String name, int width, CounterRandom random) {
    lstm = new Lstm(group, name + ".lstm", width, width, LAYERS, false, random);
    linear =
        new Linear(
            group,
            name + ".linear",
            width,
            width,
            new CounterRandom(random.seed(), random.stream(), random.step() + 1));
  }

  /**
   * Refuses sequences in which there is nothing to predict.
   *
   * @throws LacunaException giving the number of steps
   */
  static void requireSteps(int steps) {
    if (steps < LEAST_STEPS) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "Cross-CPC: sequences have "
              + steps
              + (steps == 1 ? " step" : " steps")
              + ", want at least "
              + LEAST_STEPS
              + ", or its weight 0");
    }
  }

  /** The last known step, uniform in [1, steps - 2]. */
  static int draw(CounterRandom random, int steps) {
    return 1 + random.below(0, steps - 2);
  }

  /** Predictions [sequences, d] of step {@code known + 1} from steps 0 to {@code known}. */
  Tensor predict(Tensor z, Steps steps, int known) {
    int n = steps.sequences();
    Tensor past = steps.first(z, known + 1).reshape(known + 1, n, z.cols());
    Tensor states = lstm.forward(past);
    Tensor rows = states.reshape((long) (known + 1) * n, states.cols());
    int[] last = IntStream.range(known * n, (known + 1) * n).toArray();
    return linear.forward(RowsOp.gatherRows(rows, z.tape().input(last, last.length)));
  }

  /** Logits [target, predictor]: those of a row are compared with each other. */
  static Tensor logits(Tensor target, Tensor predicted) {
    return LinearOp.linear(target, predicted, null);
  }

  /** The loss of predictions of a step, rows of the same sequences in the same order. */
  static Tensor loss(Tensor target, Tensor predicted) {
    int n = (int) target.rows();
    Tensor own = target.tape().input(IntStream.range(0, n).toArray(), n);
    return SoftmaxOp.crossEntropy(logits(target, predicted), own);
  }
}
