package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.MaxPool2dBwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dFwd;

/** Two-dimensional maximum pooling without padding. */
public final class MaxPool2dOp implements Differentiable {
  private static final MaxPool2dOp RULE = new MaxPool2dOp();

  private MaxPool2dOp() {}

  /**
   * Maximum over k x k windows.
   *
   * @param x [n, c, h, w]
   * @return [n, c, (h - k) / stride + 1, (w - k) / stride + 1]
   */
  public static Tensor maxPool2d(Tensor x, int k, int stride) {
    Shapes.requireRank(4, "max_pool2d", "x", x);
    if (k < 1 || stride < 1) {
      throw new IllegalArgumentException(
          "max_pool2d: k is " + k + " and stride " + stride + ", want >= 1");
    }
    if (x.size(2) < k || x.size(3) < k) {
      throw Shapes.wrong("max_pool2d", "x", x, "at least the window's " + k + " x " + k);
    }
    Tape tape = x.tape();
    long hOut = (x.size(2) - k) / stride + 1;
    long wOut = (x.size(3) - k) / stride + 1;
    Tensor y = tape.output(x.size(0), x.size(1), hOut, wOut);
    Tensor index = tape.outputInts(x.size(0), x.size(1), hOut, wOut);
    OpCall call = tape.call(MaxPool2dFwd.OP);
    call.set(MaxPool2dFwd.N, x.size(0)).set(MaxPool2dFwd.C, x.size(1));
    call.set(MaxPool2dFwd.H, x.size(2)).set(MaxPool2dFwd.W, x.size(3));
    call.set(MaxPool2dFwd.H_OUT, hOut).set(MaxPool2dFwd.W_OUT, wOut);
    call.set(MaxPool2dFwd.K, k).set(MaxPool2dFwd.STRIDE, stride);
    tape.bind(call, MaxPool2dFwd.X, x);
    tape.bind(call, MaxPool2dFwd.Y, y);
    tape.bind(call, MaxPool2dFwd.INDEX, index);
    tape.context().run(call);
    tape.record(RULE).input(x).output(y).output(index).end();
    return y;
  }

  @Override
  public void backward(Node node) {
    OpCall call = node.call(MaxPool2dBwd.OP);
    call.set(MaxPool2dBwd.N, node.size(0, 0)).set(MaxPool2dBwd.C, node.size(0, 1));
    call.set(MaxPool2dBwd.H, node.size(0, 2)).set(MaxPool2dBwd.W, node.size(0, 3));
    call.set(MaxPool2dBwd.H_OUT, node.outputSize(0, 2))
        .set(MaxPool2dBwd.W_OUT, node.outputSize(0, 3));
    node.bindOutputGradient(call, MaxPool2dBwd.DY, 0);
    node.bindOutput(call, MaxPool2dBwd.INDEX, 1);
    node.bindInputGradient(call, MaxPool2dBwd.DX, MaxPool2dBwd.ACC_DX, 0);
    node.run(call);
  }
}
