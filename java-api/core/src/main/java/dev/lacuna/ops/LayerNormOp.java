package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.LayerNormBwd;
import dev.lacuna.spi.OpLayouts.LayerNormFwd;
import org.jspecify.annotations.Nullable;

/** Normalisation over the last dimension. */
public final class LayerNormOp implements Differentiable {
  private static final LayerNormOp RULE = new LayerNormOp();

  private LayerNormOp() {}

  /**
   * gamma (x - mean) / sqrt(var + eps) + beta with mean and biased variance over the last
   * dimension, as torch.nn.functional.layer_norm.
   *
   * @param x any shape [..., d]
   * @param gamma [d], or null for 1
   * @param beta [d], or null for 0
   * @param eps at least 0; torch's default is 1e-5
   * @return x's shape
   */
  public static Tensor layerNorm(
      Tensor x, @Nullable Tensor gamma, @Nullable Tensor beta, double eps) {
    long n = x.rows();
    long d = x.cols();
    Tape tape = x.tape();
    Tensor y = tape.outputLike(x);
    Tensor mean = tape.output(n, 1);
    Tensor rstd = tape.output(n, 1);
    OpCall call = tape.call(LayerNormFwd.OP).set(LayerNormFwd.N, n).set(LayerNormFwd.D, d);
    call.set(LayerNormFwd.LD_X, d).set(LayerNormFwd.LD_Y, d).set(LayerNormFwd.EPS, eps);
    tape.bind(call, LayerNormFwd.X, x);
    bind(call, LayerNormFwd.GAMMA, "gamma", gamma, x);
    bind(call, LayerNormFwd.BETA, "beta", beta, x);
    tape.bind(call, LayerNormFwd.Y, y);
    tape.bind(call, LayerNormFwd.MEAN, mean);
    tape.bind(call, LayerNormFwd.RSTD, rstd);
    tape.context().run(call);
    Node node = tape.record(RULE).input(x).input(gamma).input(beta);
    node.output(y).output(mean).output(rstd).end();
    return y;
  }

  private static void bind(OpCall call, int field, String name, @Nullable Tensor row, Tensor x) {
    if (row == null) {
      return;
    }
    if (row.count() != x.cols()) {
      throw Shapes.wrong("layer_norm", name, row, "[" + x.cols() + "] to match x");
    }
    x.tape().bind(call, field, row);
  }

  @Override
  public void backward(Node node) {
    long d = node.cols(0);
    OpCall call = node.call(LayerNormBwd.OP);
    call.set(LayerNormBwd.N, node.rows(0)).set(LayerNormBwd.D, d);
    call.set(LayerNormBwd.LD_DY, d).set(LayerNormBwd.LD_X, d).set(LayerNormBwd.LD_DX, d);
    node.bindOutputGradient(call, LayerNormBwd.DY, 0);
    node.bindInput(call, LayerNormBwd.X, 0);
    node.bindInput(call, LayerNormBwd.GAMMA, 1);
    node.bindOutput(call, LayerNormBwd.MEAN, 1);
    node.bindOutput(call, LayerNormBwd.RSTD, 2);
    node.bindInputGradient(call, LayerNormBwd.DX, LayerNormBwd.ACC_DX, 0);
    node.bindInputGradient(call, LayerNormBwd.DGAMMA, LayerNormBwd.ACC_DGAMMA, 1);
    node.bindInputGradient(call, LayerNormBwd.DBETA, LayerNormBwd.ACC_DBETA, 2);
    node.run(call);
  }
}
