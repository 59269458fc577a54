package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.SoftmaxOp;
import java.util.stream.IntStream;

/**
 * Cross-modal code matching (L_cmcm of Xia et al., NeurIPS 2023): two modalities of one sequence
 * shall spread over the codes alike, and unlike those of other sequences. With p the mean over the
 * steps of softmax_k(-|z - e_k|), of every sequence of the batch a row,
 *
 * <pre>
 * S    = P_a log(P_b + 1e-10)^T + P_b log(P_a + 1e-10)^T
 * loss = 1/2 mean_i (logsumexp_j S_ij - S_ii)
 * </pre>
 *
 * The official code adds 1e-5 to the sum under the logarithm, which changes the loss by up to 5e-6.
 */
final class CodeMatching {
  private static final double LEAST = 1e-10;

  private CodeMatching() {}

  /**
   * How a modality's sequences spread over the codes.
   *
   * @param z [rows, d]
   * @param codes [k, d], held constant
   * @return [sequences, k], rows that sum to 1
   */
  static Tensor spread(Tensor z, Steps steps, Tensor codes) {
    Tensor near = ElementwiseOp.affine(CodeDistances.of(z, codes), -1, 0);
    return steps.mean(SoftmaxOp.softmax(near));
  }

  /** The loss of a pair of modalities from their spreads over the same sequences. */
  static Tensor loss(Tensor a, Tensor b) {
    Tensor scores =
        ElementwiseOp.add(
            LinearOp.linear(a, logarithm(b), null), LinearOp.linear(b, logarithm(a), null));
    int n = (int) scores.rows();
    Tensor own = a.tape().input(IntStream.range(0, n).toArray(), n);
    return ElementwiseOp.affine(SoftmaxOp.crossEntropy(scores, own), 0.5, 0);
  }

  private static Tensor logarithm(Tensor spread) {
    return ElementwiseOp.log(ElementwiseOp.affine(spread, 1, LEAST));
  }
}
