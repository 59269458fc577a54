package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import dev.lacuna.ops.RowsOp;

/**
 * vCLUB: an upper bound of the mutual information of x and y, by which semantic and specific
 * features are kept apart (Cheng et al., "CLUB: A Contrastive Log-ratio Upper Bound of Mutual
 * Information", ICML 2020). A network says how y is distributed where x is known, normal with mean
 * mu(x) and variance exp(lv(x)); it has to be fitted for the bound to hold.
 */
final class Club {
  /** Width of the network's layers, as in the official code. */
  private static final int HIDDEN = 128;

  private final MutualInformation mode;
  private final Mlp mean;
  private final Mlp logVariance;

  /**
   * Declares {@code name.mu} and {@code name.logvar} in a group.
   *
   * @param x width of a semantic feature
   * @param y width of a specific feature
   */
  Club(
      ParameterGroup group,
      String name,
      int x,
      int y,
      MutualInformation mode,
      CounterRandom random) {
    this.mode = mode;
    mean = new Mlp(group, name + ".mu", x, y, random);
    logVariance =
        new Mlp(
            group, name + ".logvar", x, y, new CounterRandom(random.seed(), random.stream(), 8));
  }

  /** Three layers with ReLU between them. */
  private static final class Mlp {
    private final Linear first;
    private final Linear second;
    private final Linear third;

    Mlp(ParameterGroup group, String name, int in, int out, CounterRandom random) {
      first = new Linear(group, name + ".0", in, HIDDEN, random);
      second = new Linear(group, name + ".1", HIDDEN, HIDDEN, next(random, 1));
      third = new Linear(group, name + ".2", HIDDEN, out, next(random, 2));
    }

    private static CounterRandom next(CounterRandom random, int layer) {
      return new CounterRandom(random.seed(), random.stream(), random.step() + layer);
    }

    Tensor forward(Tensor x) {
      Tensor hidden = ElementwiseOp.relu(first.forward(x));
      return third.forward(ElementwiseOp.relu(second.forward(hidden)));
    }
  }

  /** What the network says of rows: mu and lv, each [rows, y]. */
  private record Said(Tensor mean, Tensor logVariance) {}

  private Said said(Tensor x) {
    Tensor variance = logVariance.forward(x);
    return new Said(
        mean.forward(x), mode.boundsVariance() ? ElementwiseOp.tanh(variance) : variance);
  }

  /**
   * What fitting the network makes small: 1/2 mean over rows of sum_d (y - mu)^2 exp(-lv) + lv,
   * with the 1/2 that CMG's official code has and CLUB's has not.
   *
   * @param x [rows, x]
   * @param y [rows, y]
   */
  Tensor misfit(Tensor x, Tensor y) {
    Said said = said(x);
    Tensor difference = ElementwiseOp.sub(y, said.mean);
    Tensor squares = ElementwiseOp.mul(difference, difference);
    Tensor each = ElementwiseOp.add(scaled(squares, said.logVariance), said.logVariance);
    return ElementwiseOp.affine(ReduceOp.sum(each, Over.ALL), 0.5 / x.rows(), 0);
  }

  /**
   * The bound: how much better mu(x) fits the y beside it than that of another sequence,
   *
   * <pre>
   * STANDARD   1/(2 rows) sum ((y_other - mu)^2 - (y - mu)^2) / exp(lv)
   * CMG        1/(2 sequences) sum (mean_t (y_other - mu)^2 - mean_t (y - mu)^2) / exp(mean_t lv)
   * </pre>
   *
   * @param x [rows, x]
   * @param y [rows, y]
   * @param other for each sequence the one whose y takes the place of its own
   */
  Tensor estimate(Tensor x, Tensor y, Steps steps, int[] other) {
    Said said = said(x);
    Tensor foreign = foreign(y, steps, other);
    Tensor excess = ElementwiseOp.sub(squares(foreign, said.mean), squares(y, said.mean));
    Tensor each =
        mode == MutualInformation.CMG
            ? scaled(steps.mean(excess), steps.mean(said.logVariance))
            : scaled(excess, said.logVariance);
    return ElementwiseOp.affine(ReduceOp.sum(each, Over.ALL), 0.5 / each.rows(), 0);
  }

  private static Tensor foreign(Tensor y, Steps steps, int[] other) {
    int[] rows = new int[steps.rows()];
    for (int row = 0; row < rows.length; row++) {
      rows[row] = other[row / steps.each()] * steps.each() + row % steps.each();
    }
    return RowsOp.gatherRows(y, y.tape().input(rows, rows.length));
  }

  private static Tensor squares(Tensor y, Tensor mean) {
    Tensor difference = ElementwiseOp.sub(y, mean);
    return ElementwiseOp.mul(difference, difference);
  }

  private static Tensor scaled(Tensor x, Tensor logVariance) {
    return ElementwiseOp.mul(x, ElementwiseOp.exp(ElementwiseOp.affine(logVariance, -1, 0)));
  }

  /** The share of lv's elements beyond 0.99 in absolute value, the bound of tanh being 1. */
  double saturation(Tensor x) {
    double[] values = said(x.detach()).logVariance.toDoubleArray();
    int beyond = 0;
    for (double value : values) {
      beyond += Math.abs(value) > 0.99 ? 1 : 0;
    }
    return (double) beyond / values.length;
  }
}
