package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.Conv2dBwd;
import dev.lacuna.spi.OpLayouts.Conv2dFwd;
import org.jspecify.annotations.Nullable;

/** Two-dimensional convolution, as torch.nn.functional.conv2d. */
public final class Conv2dOp implements Differentiable {
  private static final Conv2dOp RULE = new Conv2dOp();

  private Conv2dOp() {}

  /**
   * Cross-correlation with zero padding.
   *
   * @param x [n, c_in, h, w]
   * @param weight [c_out, c_in, kh, kw]
   * @param bias [c_out], or null
   * @param stride at least 1, both ways
   * @param pad zeros on every side
   * @return [n, c_out, (h + 2 pad - kh) / stride + 1, (w + 2 pad - kw) / stride + 1]
   */
  public static Tensor conv2d(Tensor x, Tensor weight, @Nullable Tensor bias, int stride, int pad) {
    Shapes.requireRank(4, "conv2d", "x", x);
    Shapes.requireRank(4, "conv2d", "weight", weight);
    if (weight.size(1) != x.size(1)) {
      throw Shapes.wrong(
          "conv2d", "weight", weight, "[c_out, " + x.size(1) + ", kh, kw] to match x");
    }
    if (stride < 1 || pad < 0) {
      throw new IllegalArgumentException(
          "conv2d: stride is " + stride + " and pad " + pad + ", want >= 1 and >= 0");
    }
    long h = x.size(2) + 2L * pad - weight.size(2);
    long w = x.size(3) + 2L * pad - weight.size(3);
    if (h < 0 || w < 0) {
      throw Shapes.wrong(
          "conv2d", "x", x, "at least the kernel's " + weight.size(2) + " x " + weight.size(3));
    }
    Tape tape = x.tape();
    Tensor y = tape.output(x.size(0), weight.size(0), h / stride + 1, w / stride + 1);
    OpCall call = tape.call(Conv2dFwd.OP);
    call.set(Conv2dFwd.N, x.size(0)).set(Conv2dFwd.C_IN, x.size(1));
    call.set(Conv2dFwd.H, x.size(2)).set(Conv2dFwd.W, x.size(3));
    call.set(Conv2dFwd.C_OUT, weight.size(0));
    call.set(Conv2dFwd.KH, weight.size(2)).set(Conv2dFwd.KW, weight.size(3));
    call.set(Conv2dFwd.H_OUT, y.size(2)).set(Conv2dFwd.W_OUT, y.size(3));
    call.set(Conv2dFwd.STRIDE, stride).set(Conv2dFwd.PAD, pad);
    tape.bind(call, Conv2dFwd.X, x);
    tape.bind(call, Conv2dFwd.WEIGHT, weight);
    if (bias != null) {
      if (bias.count() != weight.size(0)) {
        throw Shapes.wrong("conv2d", "bias", bias, "[" + weight.size(0) + "]");
      }
      tape.bind(call, Conv2dFwd.BIAS, bias);
    }
    tape.bind(call, Conv2dFwd.Y, y);
    tape.context().run(call);
    tape.record(RULE).input(x).input(weight).input(bias).output(y).keep(stride).keep(pad).end();
    return y;
  }

  @Override
  public void backward(Node node) {
    OpCall call = node.call(Conv2dBwd.OP);
    call.set(Conv2dBwd.N, node.size(0, 0)).set(Conv2dBwd.C_IN, node.size(0, 1));
    call.set(Conv2dBwd.H, node.size(0, 2)).set(Conv2dBwd.W, node.size(0, 3));
    call.set(Conv2dBwd.C_OUT, node.size(1, 0));
    call.set(Conv2dBwd.KH, node.size(1, 2)).set(Conv2dBwd.KW, node.size(1, 3));
    call.set(Conv2dBwd.H_OUT, node.outputSize(0, 2)).set(Conv2dBwd.W_OUT, node.outputSize(0, 3));
    call.set(Conv2dBwd.STRIDE, node.attribute(0)).set(Conv2dBwd.PAD, node.attribute(1));
    node.bindOutputGradient(call, Conv2dBwd.DY, 0);
    node.bindInput(call, Conv2dBwd.X, 0);
    node.bindInput(call, Conv2dBwd.WEIGHT, 1);
    node.bindInputGradient(call, Conv2dBwd.DX, Conv2dBwd.ACC_DX, 0);
    node.bindInputGradient(call, Conv2dBwd.DWEIGHT, Conv2dBwd.ACC_DWEIGHT, 1);
    node.bindInputGradient(call, Conv2dBwd.DBIAS, Conv2dBwd.ACC_DBIAS, 2);
    node.run(call);
  }
}
