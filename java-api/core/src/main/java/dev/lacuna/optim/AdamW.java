package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.optim.Sgd.Decay;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.AdamwStep;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019) as torch.optim.AdamW; with {@link
 * Decay#COUPLED} it is torch.optim.Adam (Kingma and Ba, 2015). Each parameter counts its own steps
 * for the correction of the moments' bias, and one without a gradient is left alone: no decay, no
 * change of moments, no step counted. Parameters that lie side by side and have made as many steps
 * move in one native call.
 */
public final class AdamW extends GroupOptimizer {
  /**
   * Settings; the learning rate is given to each step.
   *
   * @param beta1 share of the first moment that is kept, in [0, 1)
   * @param beta2 share of the second moment that is kept, in [0, 1)
   * @param epsilon added to the root of the second moment, above 0 (as a float too)
   * @param weightDecay finite and at least 0
   * @param decay how weight decay acts
   */
  public record Options(
      double beta1, double beta2, double epsilon, double weightDecay, Decay decay) {
    /** Torch's for AdamW: betas 0.9 and 0.999, epsilon 1e-8, decoupled decay 0.01. */
    public static final Options DEFAULT = new Options(0.9, 0.999, 1e-8, 0.01, Decay.DECOUPLED);

    /** Checks the ranges. */
    public Options {
      requireBeta("beta1", beta1);
      requireBeta("beta2", beta2);
      if (!((float) epsilon > 0) || Double.isInfinite(epsilon)) {
        throw new IllegalArgumentException("epsilon is " + epsilon + ", want > 0");
      }
      if (!(weightDecay >= 0) || Double.isInfinite(weightDecay)) {
        throw new IllegalArgumentException("weightDecay is " + weightDecay + ", want >= 0");
      }
    }

    private static void requireBeta(String name, double beta) {
      if (!(beta >= 0 && beta < 1)) {
        throw new IllegalArgumentException(name + " is " + beta + ", want 0 <= " + name + " < 1");
      }
    }

    /** With other shares of the moments that are kept. */
    public Options withBetas(double first, double second) {
      return new Options(first, second, epsilon, weightDecay, decay);
    }

    /** With another epsilon. */
    public Options withEpsilon(double value) {
      return new Options(beta1, beta2, value, weightDecay, decay);
    }

    /** With another weight decay. */
    public Options withWeightDecay(double value, Decay how) {
      return new Options(beta1, beta2, epsilon, value, how);
    }
  }

  private final Options options;

  /** An optimiser of groups of one store, run on a context of the same device. */
  public AdamW(Context context, Options options, ParameterGroup... groups) {
    super(
        context,
        AdamwStep.OP,
        AdamwStep.W,
        AdamwStep.G,
        new int[] {AdamwStep.M, AdamwStep.V},
        groups);
    this.options = options;
  }

  @Override
  void set(OpCall call, long n, long steps, double learningRate) {
    call.set(AdamwStep.N, n).set(AdamwStep.LR, learningRate);
    call.set(AdamwStep.BETA1, options.beta1()).set(AdamwStep.BETA2, options.beta2());
    call.set(AdamwStep.EPSILON, options.epsilon());
    call.set(AdamwStep.WEIGHT_DECAY, options.weightDecay());
    call.set(AdamwStep.DECOUPLED, options.decay() == Decay.DECOUPLED ? 1 : 0);
    call.set(AdamwStep.STEP, steps + 1);
  }

  /** The correction of the bias depends on the steps made. */
  @Override
  boolean alike(long steps, long otherSteps) {
    return steps == otherSteps;
  }
}
