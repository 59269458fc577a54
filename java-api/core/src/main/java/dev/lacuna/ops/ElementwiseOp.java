package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Node;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import org.jspecify.annotations.Nullable;

/** Element by element functions; a second operand is broadcast over rows, columns or both. */
public final class ElementwiseOp implements Differentiable {
  private static final ElementwiseOp RULE = new ElementwiseOp();
  static final int ADD = 0;
  private static final int SUB = 1;
  static final int MUL = 2;
  private static final int RELU = 3;
  static final int AFFINE = 4;
  private static final int GELU = 5;
  private static final int TANH = 6;
  private static final int EXP = 7;
  private static final int LOG = 8;
  private static final int SQRT = 9;

  private ElementwiseOp() {}

  /** x + y; y has x's shape, or its rows or its last dimension are 1. */
  public static Tensor add(Tensor x, Tensor y) {
    return apply(ADD, x, y, 0, 0);
  }

  /** x - y, broadcast as in {@link #add}. */
  public static Tensor sub(Tensor x, Tensor y) {
    return apply(SUB, x, y, 0, 0);
  }

  /** x y, broadcast as in {@link #add}. */
  public static Tensor mul(Tensor x, Tensor y) {
    return apply(MUL, x, y, 0, 0);
  }

  /** max(x, 0). */
  public static Tensor relu(Tensor x) {
    return apply(RELU, x, null, 0, 0);
  }

  /** alpha x + beta. */
  public static Tensor affine(Tensor x, double alpha, double beta) {
    return apply(AFFINE, x, null, alpha, beta);
  }

  /**
   * x Phi(x), Phi the standard normal distribution function: Hendrycks and Gimpel, Gaussian Error
   * Linear Units, 2016, exact as in torch.nn.GELU.
   */
  public static Tensor gelu(Tensor x) {
    return apply(GELU, x, null, 0, 0);
  }

  /** tanh x. */
  public static Tensor tanh(Tensor x) {
    return apply(TANH, x, null, 0, 0);
  }

  /** e^x. */
  public static Tensor exp(Tensor x) {
    return apply(EXP, x, null, 0, 0);
  }

  /** The natural logarithm, as {@link Math#log}: -infinity of 0, NaN of negative numbers. */
  public static Tensor log(Tensor x) {
    return apply(LOG, x, null, 0, 0);
  }

  /**
   * sqrt(max(x, floor)), whose gradient is 0 where x is at most {@code floor}.
   *
   * @param floor more than 0, where the slope would be infinite
   */
  public static Tensor sqrt(Tensor x, double floor) {
    return apply(SQRT, x, null, floor, 0);
  }

  private static Tensor apply(int code, Tensor x, @Nullable Tensor y, double alpha, double beta) {
    long n = x.rows();
    long d = x.cols();
    Tape tape = x.tape();
    Tensor out = tape.outputLike(x);
    OpCall call = tape.call(ElementwiseFwd.OP).set(ElementwiseFwd.N, n).set(ElementwiseFwd.D, d);
    call.set(ElementwiseFwd.LD_X, d).set(ElementwiseFwd.LD_OUT, d);
    call.set(ElementwiseFwd.CODE, code)
        .set(ElementwiseFwd.ALPHA, alpha)
        .set(ElementwiseFwd.BETA, beta);
    tape.bind(call, ElementwiseFwd.X, x);
    if (y != null) {
      boolean fits = (y.rows() == n || y.rows() == 1) && (y.cols() == d || y.cols() == 1);
      if (!fits) {
        throw Shapes.wrong("elementwise", "y", y, "[1 or " + n + ", 1 or " + d + "]");
      }
      call.set(ElementwiseFwd.Y_N, y.rows()).set(ElementwiseFwd.Y_D, y.cols());
      call.set(ElementwiseFwd.LD_Y, y.cols());
      tape.bind(call, ElementwiseFwd.Y, y);
    }
    tape.bind(call, ElementwiseFwd.OUT, out);
    tape.context().run(call);
    long bits = Double.doubleToRawLongBits(alpha);
    tape.record(RULE).input(x).input(y).output(out).keep(code).keep(bits).end();
    return out;
  }

  @Override
  public void backward(Node node) {
    long d = node.cols(0);
    OpCall call = node.call(ElementwiseBwd.OP);
    call.set(ElementwiseBwd.N, node.rows(0)).set(ElementwiseBwd.D, d);
    call.set(ElementwiseBwd.Y_N, node.rows(1)).set(ElementwiseBwd.Y_D, node.cols(1));
    call.set(ElementwiseBwd.LD_DOUT, d).set(ElementwiseBwd.LD_X, d).set(ElementwiseBwd.LD_DX, d);
    call.set(ElementwiseBwd.LD_Y, node.cols(1)).set(ElementwiseBwd.LD_DY, node.cols(1));
    call.set(ElementwiseBwd.CODE, node.attribute(0));
    call.set(ElementwiseBwd.ALPHA, Double.longBitsToDouble(node.attribute(1)));
    node.bindOutputGradient(call, ElementwiseBwd.DOUT, 0);
    node.bindInput(call, ElementwiseBwd.X, 0);
    node.bindInput(call, ElementwiseBwd.Y, 1);
    node.bindInputGradient(call, ElementwiseBwd.DX, ElementwiseBwd.ACC_DX, 0);
    node.bindInputGradient(call, ElementwiseBwd.DY, ElementwiseBwd.ACC_DY, 1);
    node.run(call);
  }
}
