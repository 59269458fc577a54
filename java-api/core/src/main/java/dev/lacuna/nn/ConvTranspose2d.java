package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ConvTranspose2dOp;

/**
 * Transposed convolution with a square kernel; weight [in, out, k, k] drawn Kaiming-normal, bias 0.
 */
public final class ConvTranspose2d implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final int stride;
  private final int pad;
  private final int moreRows;
  private final int moreCols;

  /**
   * Declares {@code name.weight} and {@code name.bias} in a group. Numbers are as in {@link
   * ConvTranspose2dOp#convTranspose2d}.
   */
  public ConvTranspose2d(
      ParameterGroup group,
      String name,
      int in,
      int out,
      int k,
      int stride,
      int pad,
      int moreRows,
      int moreCols,
      CounterRandom random) {
    // so many products an output sums up on average: of k x k, one in stride x stride meets it
    long fanIn = Math.max(1, (long) in * k * k / ((long) stride * stride));
    weight = group.add(name + ".weight", Init.kaimingNormal(random, fanIn), in, out, k, k);
    bias = group.add(name + ".bias", Init.zeros(), out);
    this.stride = stride;
    this.pad = pad;
    this.moreRows = moreRows;
    this.moreCols = moreCols;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tape tape = x.tape();
    return ConvTranspose2dOp.convTranspose2d(
        x, tape.use(weight), tape.use(bias), stride, pad, moreRows, moreCols);
  }
}
