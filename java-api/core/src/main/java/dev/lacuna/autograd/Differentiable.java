package dev.lacuna.autograd;

/** The gradient rule of a recorded op. */
public interface Differentiable {
  /** Adds the op's gradients to its inputs, given the gradients of its outputs. */
  void backward(Node node);
}
