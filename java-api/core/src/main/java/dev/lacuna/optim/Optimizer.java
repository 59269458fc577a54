package dev.lacuna.optim;

import dev.lacuna.io.Stateful;

/** Moves parameters by their gradients. */
public interface Optimizer extends Stateful {
  /**
   * Moves every parameter that has a gradient and leaves the others alone: no decay, no change of
   * state, no step counted.
   *
   * @param learningRate finite and at least 0
   */
  void step(double learningRate);
}
