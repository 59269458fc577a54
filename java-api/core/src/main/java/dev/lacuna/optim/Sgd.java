package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.SgdStep;

/**
 * Stochastic gradient descent as torch.optim.SGD. Parameters without a gradient are left alone: no
 * decay, no momentum. Parameters that lie side by side move in one native call.
 */
public final class Sgd extends GroupOptimizer {
  /** How weight decay acts. */
  public enum Decay {
    /** Added to the gradient, as in torch.optim.SGD and torch.optim.Adam. */
    COUPLED,
    /** The weight shrinks by lr x weightDecay beside the step, as in AdamW. */
    DECOUPLED
  }

  /** What a step adds to the weight. */
  public enum Momentum {
    /** The velocity. */
    CLASSIC,
    /** Gradient plus momentum x velocity. */
    NESTEROV
  }

  /**
   * Settings; the learning rate is given to each step.
   *
   * @param momentum share of the velocity that is kept, in [0, 1)
   * @param weightDecay at least 0
   * @param decay how weight decay acts
   * @param kind classic or Nesterov momentum
   */
  public record Options(double momentum, double weightDecay, Decay decay, Momentum kind) {
    /** Momentum 0.9, no decay. */
    public static final Options DEFAULT = new Options(0.9, 0, Decay.COUPLED, Momentum.CLASSIC);

    /** Checks the ranges. */
    public Options {
      if (!(momentum >= 0 && momentum < 1)) {
        throw new IllegalArgumentException("momentum is " + momentum + ", want 0 <= momentum < 1");
      }
      if (!(weightDecay >= 0)) {
        throw new IllegalArgumentException("weightDecay is " + weightDecay + ", want >= 0");
      }
    }
  }

  private final Options options;

  /** An optimiser of groups of one store, run on a context of the same device. */
  public Sgd(Context context, Options options, ParameterGroup... groups) {
    super(context, SgdStep.OP, SgdStep.W, SgdStep.G, new int[] {SgdStep.VELOCITY}, groups);
    this.options = options;
  }

  @Override
  void set(OpCall call, long n, long steps, double learningRate) {
    call.set(SgdStep.N, n);
    call.set(SgdStep.LR, learningRate).set(SgdStep.MOMENTUM, options.momentum());
    call.set(SgdStep.WEIGHT_DECAY, options.weightDecay());
    call.set(SgdStep.NESTEROV, options.kind() == Momentum.NESTEROV ? 1 : 0);
    call.set(SgdStep.DECOUPLED, options.decay() == Decay.DECOUPLED ? 1 : 0);
    call.set(SgdStep.FIRST, steps == 0 ? 1 : 0);
  }

  /** Only the first step is unlike the others. */
  @Override
  boolean alike(long steps, long otherSteps) {
    return (steps == 0) == (otherSteps == 0);
  }
}
