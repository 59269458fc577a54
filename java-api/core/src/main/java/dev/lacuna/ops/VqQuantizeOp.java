package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqQuantize;
import dev.lacuna.kernels.VqQuantize.Commitment;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.kernels.VqQuantize.Shape;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.VqQuantizeBwd;
import dev.lacuna.spi.OpLayouts.VqQuantizeFwd;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@link VqQuantize} on the tape. The codebook gets no gradient: it learns by moving averages
 * ({@link dev.lacuna.kernels.VqCodebook}).
 */
public final class VqQuantizeOp {
  /**
   * Codes in place of rows.
   *
   * @param q [n, d], with the estimator's gradient to z
   * @param loss the commitment loss, a scalar [1, 1]
   */
  public record Quantized(Tensor q, Tensor loss) {}

  private static final Differentiable GRADIENT =
      node -> {
        Commitment commitment =
            new Commitment(
                Double.longBitsToDouble(node.attribute(2)),
                Double.longBitsToDouble(node.attribute(3)));
        Shape shape = new Shape(node.attribute(0), node.rows(0), node.cols(0), node.rows(1));
        VqQuantize.Options options = VqQuantize.Options.DEFAULT.withCommitment(commitment);
        OpCall call = VqQuantize.backwardCall(node.context(), shape, options);
        call.set(VqQuantizeBwd.ESTIMATOR, node.attribute(1));
        bindIfReached(node, call, VqQuantizeBwd.DQ, 0);
        if (node.attribute(4) != 0) {
          bindIfReached(node, call, VqQuantizeBwd.DLOSS, 1);
        }
        node.bindInput(call, VqQuantizeBwd.Z, 0);
        node.bindInput(call, VqQuantizeBwd.CODEBOOK, 1);
        node.bindInput(call, VqQuantizeBwd.INDEX, 2);
        node.bindInputGradient(call, VqQuantizeBwd.DZ, VqQuantizeBwd.ACC_DZ, 0);
        node.run(call);
      };

  private static void bindIfReached(Node node, OpCall call, int field, int output) {
    if (node.hasOutputGradient(output)) {
      node.bindOutputGradient(call, field, output);
    }
  }

  private VqQuantizeOp() {}

  /**
   * Codes in place of rows.
   *
   * @param z [n, d]
   * @param codebook [k, d]
   * @param index n integers in [0, k), as {@link VqNearestOp#nearest} gives them; -1 is a row that
   *     is absent, whose q is 0
   * @return [n, d]
   */
  public static Tensor quantize(Tensor z, Tensor codebook, Tensor index, Estimator estimator) {
    return run(z, codebook, index, estimator, null).q();
  }

  /**
   * Codes in place of rows, and the commitment loss. MSE is the mean over n d, the codes are held
   * constant.
   *
   * @param z [n, d]
   * @param codebook [k, d]
   * @param index [m, n] or [n] integers in [-1, k): first z's own codes, then those of the other
   *     modalities at the same positions. -1 is a modality that is absent there; its pairs add 0
   */
  public static Quantized quantize(
      Tensor z, Tensor codebook, Tensor index, Estimator estimator, Commitment commitment) {
    Output output = run(z, codebook, index, estimator, commitment);
    return new Quantized(output.q(), Objects.requireNonNull(output.loss()));
  }

  private record Output(Tensor q, @Nullable Tensor loss) {}

  private static Output run(
      Tensor z,
      Tensor codebook,
      Tensor index,
      Estimator estimator,
      @Nullable Commitment commitment) {
    Shapes.requireRank(2, "vq_quantize", "z", z);
    long n = z.size(0);
    long d = z.size(1);
    if (codebook.rank() != 2 || codebook.size(1) != d) {
      throw Shapes.wrong("vq_quantize", "codebook", codebook, "[k, " + d + "] to match z");
    }
    if (index.rank() > 2 || index.size(index.rank() - 1) != n) {
      throw Shapes.wrong("vq_quantize", "index", index, "[m, " + n + "] or [" + n + "]");
    }
    long m = index.rank() == 1 ? 1 : index.size(0);
    Tape tape = z.tape();
    Tensor codes = codebook.detach();
    Tensor q = tape.output(n, d);
    Tensor loss = commitment == null ? null : tape.output(1, 1);
    Commitment weights = commitment == null ? Commitment.NONE : commitment;
    Shape shape = new Shape(m, n, d, codebook.size(0));
    OpCall call = VqQuantize.forwardCall(tape.context(), shape, weights);
    tape.bind(call, VqQuantizeFwd.Z, z);
    tape.bind(call, VqQuantizeFwd.CODEBOOK, codes);
    tape.bind(call, VqQuantizeFwd.INDEX, index);
    tape.bind(call, VqQuantizeFwd.Q, q);
    if (loss != null) {
      tape.bind(call, VqQuantizeFwd.LOSS, loss);
    }
    tape.context().run(call);
    Node node = tape.record(GRADIENT).input(z).input(codes).input(index).output(q);
    if (loss != null) {
      node.output(loss);
    }
    node.keep(m)
        .keep(estimator.code())
        .keep(Double.doubleToRawLongBits(weights.own()))
        .keep(Double.doubleToRawLongBits(weights.cross()))
        .keep(loss == null ? 0 : 1)
        .end();
    return new Output(q, loss);
  }
}
