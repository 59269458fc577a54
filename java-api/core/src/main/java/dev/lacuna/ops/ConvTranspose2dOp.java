package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.Conv2dBwd;
import dev.lacuna.spi.OpLayouts.Conv2dFwd;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import dev.lacuna.spi.OpLayouts.ReduceBwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;
import org.jspecify.annotations.Nullable;

/**
 * Transposed two-dimensional convolution, as torch.nn.functional.conv_transpose2d: the adjoint of
 * the convolution with the same weight, which takes y to x. So y is that convolution's input
 * gradient, and its own gradients are that convolution and its weight's gradient.
 */
public final class ConvTranspose2dOp implements Differentiable {
  private static final ConvTranspose2dOp RULE = new ConvTranspose2dOp();

  private ConvTranspose2dOp() {}

  /**
   * Every element of x adds its multiple of the kernel to y.
   *
   * @param x [n, c_in, h, w], h and w at least 1
   * @param weight [c_in, c_out, kh, kw]
   * @param bias [c_out], or null
   * @param stride at least 1, both ways
   * @param pad rows and columns left out of y on every side
   * @param moreRows rows below that y has more, less than stride: torch's output_padding
   * @param moreCols columns to the right that y has more, less than stride
   * @return [n, c_out, (h - 1) stride - 2 pad + kh + more rows, (w - 1) stride - 2 pad + kw + more
   *     columns]
   */
  public static Tensor convTranspose2d(
      Tensor x,
      Tensor weight,
      @Nullable Tensor bias,
      int stride,
      int pad,
      int moreRows,
      int moreCols) {
    Shapes.requireRank(4, "conv_transpose2d", "x", x);
    Shapes.requireRank(4, "conv_transpose2d", "weight", weight);
    if (weight.size(0) != x.size(1)) {
      throw Shapes.wrong(
          "conv_transpose2d", "weight", weight, "[" + x.size(1) + ", c_out, kh, kw] to match x");
    }
    if (stride < 1
        || pad < 0
        || Math.min(moreRows, moreCols) < 0
        || Math.max(moreRows, moreCols) >= stride) {
      throw new IllegalArgumentException(
          "conv_transpose2d: stride is "
              + stride
              + ", pad "
              + pad
              + ", more rows "
              + moreRows
              + " and columns "
              + moreCols
              + ", want >= 1, >= 0 and both 0 to stride - 1");
    }
    long c = weight.size(1);
    long h = (x.size(2) - 1) * stride - 2L * pad + weight.size(2) + moreRows;
    long w = (x.size(3) - 1) * stride - 2L * pad + weight.size(3) + moreCols;
    if (x.size(2) < 1 || x.size(3) < 1 || h < 1 || w < 1) {
      throw Shapes.wrong(
          "conv_transpose2d", "x", x, "as much as leaves a row and a column, not " + h + " x " + w);
    }
    if (bias != null && bias.count() != c) {
      throw Shapes.wrong("conv_transpose2d", "bias", bias, "[" + c + "]");
    }
    Tape tape = x.tape();
    Tensor y = tape.output(x.size(0), c, h, w);
    Tensor other = tape.outputLike(y);
    Tensor product = bias == null ? y : other;
    OpCall call = tape.call(Conv2dBwd.OP);
    call.set(Conv2dBwd.N, x.size(0)).set(Conv2dBwd.C_IN, c).set(Conv2dBwd.H, h);
    call.set(Conv2dBwd.W, w).set(Conv2dBwd.C_OUT, x.size(1));
    call.set(Conv2dBwd.KH, weight.size(2)).set(Conv2dBwd.KW, weight.size(3));
    call.set(Conv2dBwd.H_OUT, x.size(2)).set(Conv2dBwd.W_OUT, x.size(3));
    call.set(Conv2dBwd.STRIDE, stride).set(Conv2dBwd.PAD, pad);
    tape.bind(call, Conv2dBwd.DY, x);
    tape.bind(call, Conv2dBwd.X, bias == null ? other : y); // read for the weight's gradient alone
    tape.bind(call, Conv2dBwd.WEIGHT, weight);
    tape.bind(call, Conv2dBwd.DX, product);
    tape.context().run(call);
    if (bias != null) {
      addPlanes(product, bias, y);
    }
    Node node = tape.record(RULE).input(x).input(weight).input(bias).output(y);
    node.keep(stride).keep(pad).end();
    return y;
  }

  /** y = x with a number of the bias added to each plane of [n, c, h, w]. */
  private static void addPlanes(Tensor x, Tensor bias, Tensor y) {
    Tape tape = x.tape();
    long c = x.size(1);
    long plane = x.size(2) * x.size(3);
    Tensor planes = tape.output(c, plane);
    OpCall spread = tape.call(ReduceBwd.OP);
    spread.set(ReduceBwd.N, c).set(ReduceBwd.D, plane).set(ReduceBwd.CODE, ReduceOp.SUM);
    spread.set(ReduceBwd.OUT_N, c).set(ReduceBwd.OUT_D, 1);
    spread.set(ReduceBwd.LD_DOUT, 1).set(ReduceBwd.LD_DX, plane);
    tape.bind(spread, ReduceBwd.DOUT, bias);
    tape.bind(spread, ReduceBwd.DX, planes);
    tape.context().run(spread);
    long d = c * plane;
    OpCall add = tape.call(ElementwiseFwd.OP).set(ElementwiseFwd.CODE, ElementwiseOp.ADD);
    add.set(ElementwiseFwd.N, x.size(0)).set(ElementwiseFwd.D, d);
    add.set(ElementwiseFwd.Y_N, 1).set(ElementwiseFwd.Y_D, d);
    add.set(ElementwiseFwd.LD_X, d).set(ElementwiseFwd.LD_Y, d).set(ElementwiseFwd.LD_OUT, d);
    tape.bind(add, ElementwiseFwd.X, x);
    tape.bind(add, ElementwiseFwd.Y, planes);
    tape.bind(add, ElementwiseFwd.OUT, y);
    tape.context().run(add);
  }

  @Override
  public void backward(Node node) {
    if (node.wants(0)) {
      inputGradient(node);
    }
    if (node.wants(1)) {
      weightGradient(node);
    }
    if (node.wants(2)) {
      biasGradient(node);
    }
  }

  private static void inputGradient(Node node) {
    Tape tape = node.tape();
    long h = node.size(0, 2);
    long w = node.size(0, 3);
    Tensor dx = tape.output(node.size(0, 0), node.size(0, 1), h, w);
    OpCall conv = node.call(Conv2dFwd.OP);
    conv.set(Conv2dFwd.N, node.size(0, 0)).set(Conv2dFwd.C_IN, node.size(1, 1));
    conv.set(Conv2dFwd.H, node.outputSize(0, 2)).set(Conv2dFwd.W, node.outputSize(0, 3));
    conv.set(Conv2dFwd.C_OUT, node.size(0, 1));
    conv.set(Conv2dFwd.KH, node.size(1, 2)).set(Conv2dFwd.KW, node.size(1, 3));
    conv.set(Conv2dFwd.H_OUT, h).set(Conv2dFwd.W_OUT, w);
    conv.set(Conv2dFwd.STRIDE, node.attribute(0)).set(Conv2dFwd.PAD, node.attribute(1));
    node.bindOutputGradient(conv, Conv2dFwd.X, 0);
    node.bindInput(conv, Conv2dFwd.WEIGHT, 1);
    tape.bind(conv, Conv2dFwd.Y, dx);
    node.run(conv);
    OpCall add = node.call(ElementwiseBwd.OP).set(ElementwiseBwd.CODE, ElementwiseOp.AFFINE);
    add.set(ElementwiseBwd.ALPHA, 1.0).set(ElementwiseBwd.N, dx.rows()).set(ElementwiseBwd.D, w);
    add.set(ElementwiseBwd.LD_DOUT, w).set(ElementwiseBwd.LD_X, w).set(ElementwiseBwd.LD_DX, w);
    tape.bind(add, ElementwiseBwd.DOUT, dx);
    node.bindInput(add, ElementwiseBwd.X, 0);
    node.bindInputGradient(add, ElementwiseBwd.DX, ElementwiseBwd.ACC_DX, 0);
    node.run(add);
  }

  private static void weightGradient(Node node) {
    OpCall call = node.call(Conv2dBwd.OP);
    call.set(Conv2dBwd.N, node.size(0, 0)).set(Conv2dBwd.C_IN, node.size(1, 1));
    call.set(Conv2dBwd.H, node.outputSize(0, 2)).set(Conv2dBwd.W, node.outputSize(0, 3));
    call.set(Conv2dBwd.C_OUT, node.size(0, 1));
    call.set(Conv2dBwd.KH, node.size(1, 2)).set(Conv2dBwd.KW, node.size(1, 3));
    call.set(Conv2dBwd.H_OUT, node.size(0, 2)).set(Conv2dBwd.W_OUT, node.size(0, 3));
    call.set(Conv2dBwd.STRIDE, node.attribute(0)).set(Conv2dBwd.PAD, node.attribute(1));
    node.bindInput(call, Conv2dBwd.DY, 0);
    node.bindOutputGradient(call, Conv2dBwd.X, 0);
    node.bindInput(call, Conv2dBwd.WEIGHT, 1);
    node.bindInputGradient(call, Conv2dBwd.DWEIGHT, Conv2dBwd.ACC_DWEIGHT, 1);
    node.run(call);
  }

  /** Sums over the batch, then over each plane. */
  private static void biasGradient(Node node) {
    Tape tape = node.tape();
    long c = node.size(1, 1);
    long plane = node.outputSize(0, 2) * node.outputSize(0, 3);
    Tensor planes = tape.output(c, plane);
    OpCall batch = node.call(ReduceFwd.OP).set(ReduceFwd.CODE, ReduceOp.SUM);
    batch.set(ReduceFwd.N, node.size(0, 0)).set(ReduceFwd.D, c * plane);
    batch.set(ReduceFwd.OUT_N, 1).set(ReduceFwd.OUT_D, c * plane);
    batch.set(ReduceFwd.LD_X, c * plane).set(ReduceFwd.LD_OUT, c * plane);
    node.bindOutputGradient(batch, ReduceFwd.X, 0);
    tape.bind(batch, ReduceFwd.OUT, planes);
    node.run(batch);
    OpCall row = node.call(ElementwiseBwd.OP).set(ElementwiseBwd.CODE, ElementwiseOp.ADD);
    row.set(ElementwiseBwd.N, c).set(ElementwiseBwd.D, plane);
    row.set(ElementwiseBwd.Y_N, c).set(ElementwiseBwd.Y_D, 1);
    row.set(ElementwiseBwd.LD_DOUT, plane).set(ElementwiseBwd.LD_X, plane);
    row.set(ElementwiseBwd.LD_Y, 1).set(ElementwiseBwd.LD_DY, 1);
    tape.bind(row, ElementwiseBwd.DOUT, planes);
    tape.bind(row, ElementwiseBwd.X, planes);
    node.bindInput(row, ElementwiseBwd.Y, 2);
    node.bindInputGradient(row, ElementwiseBwd.DY, ElementwiseBwd.ACC_DY, 2);
    node.run(row);
  }
}
