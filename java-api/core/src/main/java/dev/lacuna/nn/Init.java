package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import java.util.function.IntToDoubleFunction;

/** Initial values of parameters. */
public final class Init {
  private Init() {}

  /** All zero. */
  public static IntToDoubleFunction zeros() {
    return i -> 0;
  }

  /** Normal with variance 2 / fanIn (He et al., 2015): for weights before a ReLU. */
  public static IntToDoubleFunction kaimingNormal(CounterRandom random, long fanIn) {
    double sd = Math.sqrt(2.0 / fanIn);
    return i -> sd * random.normal(i);
  }

  /** Normal with variance 2 / (fanIn + fanOut) (Glorot and Bengio, 2010). */
  public static IntToDoubleFunction xavierNormal(CounterRandom random, long fanIn, long fanOut) {
    double sd = Math.sqrt(2.0 / (fanIn + fanOut));
    return i -> sd * random.normal(i);
  }

  /**
   * Uniform between -bound and bound.
   *
   * @param first draw that element 0 takes, so that several tensors can share one source
   */
  public static IntToDoubleFunction uniform(CounterRandom random, double bound, long first) {
    return i -> bound * (2 * random.uniform(first + i) - 1);
  }
}
