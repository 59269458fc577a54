package dev.lacuna.training.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import java.util.stream.IntStream;

/**
 * Classifies sequences by their codes: the mean over the steps of a linear layer's logits, the same
 * for all modalities. Classes that show in some steps of a sequence count by how many.
 */
final class CodeProbe {
  private final Linear linear;

  /** Declares {@code probe} in a group. */
  CodeProbe(ParameterGroup group, int width, int classes, CounterRandom random) {
    linear = new Linear(group, "linear", width, classes, random);
  }

  /**
   * Logits.
   *
   * @param vectors of codes [sequences steps, width]
   * @return [sequences, classes]
   */
  Tensor logits(Tensor vectors, int steps) {
    Tensor each = linear.forward(vectors);
    int rows = (int) each.rows();
    int[] owner = IntStream.range(0, rows).map(row -> row / steps).toArray();
    Tensor sums = RowsOp.scatterRows(each, each.tape().input(owner, rows), rows / steps);
    return ElementwiseOp.affine(sums, 1.0 / steps, 0);
  }
}
