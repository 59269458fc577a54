package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.Conv2dOp;

/** Convolution with a square kernel; weight [out, in, k, k] drawn Kaiming-normal, bias 0. */
public final class Conv2d implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final int stride;
  private final int pad;

  /** Declares {@code name.weight} and {@code name.bias} in a group. */
  public Conv2d(
      ParameterGroup group,
      String name,
      int in,
      int out,
      int k,
      int stride,
      int pad,
      CounterRandom random) {
    weight =
        group.add(name + ".weight", Init.kaimingNormal(random, (long) in * k * k), out, in, k, k);
    bias = group.add(name + ".bias", Init.zeros(), out);
    this.stride = stride;
    this.pad = pad;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tape tape = x.tape();
    return Conv2dOp.conv2d(x, tape.use(weight), tape.use(bias), stride, pad);
  }
}
