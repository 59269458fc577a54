package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.io.Weights;
import java.util.function.IntToDoubleFunction;

/** Gives the parameters of a transformer their first values, by name. */
@FunctionalInterface
interface Initial {
  /** Standard deviation of fresh weights, that of BERT's and ViT's official codes. */
  double SD = 0.02;

  /** First values of a parameter. */
  IntToDoubleFunction of(String name, long... shape);

  /** Biases 0, gains 1, the rest normal. */
  static Initial fresh(long seed) {
    return (name, shape) -> {
      if (name.endsWith(".bias")) {
        return Init.zeros();
      }
      if (name.endsWith(".weight") && shape.length == 1) {
        return i -> 1;
      }
      CounterRandom random = new CounterRandom(seed, name.hashCode(), 0);
      return i -> SD * random.normal(i);
    };
  }

  /** Those of a file whose names are ours. */
  static Initial from(Weights weights) {
    return (name, shape) -> {
      float[] values = weights.require(name, shape);
      return i -> values[i];
    };
  }
}
