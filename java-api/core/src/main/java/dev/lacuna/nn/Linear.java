package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.LinearOp;
import java.util.function.IntToDoubleFunction;

/** y = x weight^T + bias with weight [out, in]; x is [..., in], y [..., out]. */
public final class Linear implements Layer {
  private final Parameter weight;
  private final Parameter bias;

  /**
   * Declares {@code name.weight}, drawn Xavier-normal, and {@code name.bias}, which is 0, in a
   * group.
   */
  public Linear(ParameterGroup group, String name, int in, int out, CounterRandom random) {
    this(Groups.one(group), name, in, out, Init.xavierNormal(random, in, out), Init.zeros());
  }

  /** Declares {@code name.weight} and {@code name.bias} with values of one's own. */
  public Linear(
      Groups groups,
      String name,
      int in,
      int out,
      IntToDoubleFunction weight,
      IntToDoubleFunction bias) {
    this.weight = groups.weights().add(name + ".weight", weight, out, in);
    this.bias = groups.biases().add(name + ".bias", bias, out);
  }

  Linear(Groups groups, String name, int in, int out, Initial initial) {
    this(
        groups,
        name,
        in,
        out,
        initial.of(name + ".weight", out, in),
        initial.of(name + ".bias", out));
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
    Tensor rows = x.rank() == 2 ? x : x.reshape(x.rows(), x.cols());
    Tensor y = LinearOp.linear(rows, tape.use(weight), tape.use(bias));
    if (x.rank() == 2) {
      return y;
    }
    long[] shape = x.shape();
    shape[shape.length - 1] = y.cols();
    return y.reshape(shape);
  }
}
