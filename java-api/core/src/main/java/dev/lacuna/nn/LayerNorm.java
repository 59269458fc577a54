package dev.lacuna.nn;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.LayerNormOp;

/** Layer normalisation over the last dimension, with gain {@code weight} and {@code bias}. */
public final class LayerNorm implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final double epsilon;

  /**
   * Declares {@code name.weight}, 1, and {@code name.bias}, 0.
   *
   * @param width of the last dimension
   * @param epsilon added to the variance
   */
  public LayerNorm(Groups groups, String name, int width, double epsilon) {
    this(groups, name, width, epsilon, Initial.fresh(0));
  }

  LayerNorm(Groups groups, String name, int width, double epsilon, Initial initial) {
    weight = groups.weights().add(name + ".weight", initial.of(name + ".weight", width), width);
    bias = groups.biases().add(name + ".bias", initial.of(name + ".bias", width), width);
    this.epsilon = epsilon;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tape tape = x.tape();
    return LayerNormOp.layerNorm(x, tape.use(weight), tape.use(bias), epsilon);
  }
}
