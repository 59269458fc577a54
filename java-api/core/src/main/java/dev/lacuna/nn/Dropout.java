package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.DropoutOp;

/**
 * Dropout of one forward pass (Srivastava et al., JMLR 2014): which numbers are dropped is decided
 * by the random numbers alone, another stream of them for each place in a network.
 *
 * @param rate share that is dropped, 0 to below 1
 * @param random of this pass; places take its stream and those that follow
 */
public record Dropout(double rate, CounterRandom random) {
  /** Nothing is dropped: evaluation. */
  public static final Dropout NONE = new Dropout(0, new CounterRandom(0, 0, 0));

  /** Checks the rate. */
  public Dropout {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("dropout rate is " + rate + ", want 0 <= rate < 1");
    }
  }

  /** What is left of x at a place, scaled by 1 / (1 - rate). */
  Tensor of(Tensor x, int place) {
    return rate == 0
        ? x
        : DropoutOp.dropout(
            x, rate, new CounterRandom(random.seed(), random.stream() + place, random.step()));
  }
}
