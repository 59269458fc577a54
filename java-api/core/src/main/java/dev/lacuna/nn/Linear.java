package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.LinearOp;

/** y = x weight^T + bias with weight [out, in], drawn Xavier-normal, and bias 0. */
public final class Linear implements Layer {
  private final Parameter weight;
  private final Parameter bias;

  /** Declares {@code name.weight} and {@code name.bias} in a group. */
  public Linear(ParameterGroup group, String name, int in, int out, CounterRandom random) {
    weight = group.add(name + ".weight", Init.xavierNormal(random, in, out), out, in);
    bias = group.add(name + ".bias", Init.zeros(), out);
  }

  /** The weight [out, in]. */
  public Parameter weight() {
    return weight;
  }

  /** The bias [out]. */
  public Parameter bias() {
    return bias;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tape tape = x.tape();
    return LinearOp.linear(x, tape.use(weight), tape.use(bias));
  }
}
