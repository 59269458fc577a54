package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import java.util.Arrays;

/** CLUB's network from its parameters. */
final class PlainClub {
  private final ParameterGroup group;
  private final MutualInformation mode;

  PlainClub(ParameterGroup group, MutualInformation mode) {
    this.group = group;
    this.mode = mode;
  }

  /** A parameter of the network, such as {@code mu.0.weight}. */
  Parameter parameter(String name) {
    return group.parameters().stream()
        .filter(parameter -> parameter.name().equals(group.name() + ".club." + name))
        .findFirst()
        .orElseThrow();
  }

  private double[][] layer(double[][] x, String layer) {
    return PlainCmg.linear(x, parameter(layer + ".weight").get(), parameter(layer + ".bias").get());
  }

  /** What the last layer of {@code mu} or {@code logvar} reads. */
  double[][] hidden(String net, double[][] x) {
    double[][] first = PlainCmg.relu(layer(x, net + ".0"));
    return PlainCmg.relu(layer(first, net + ".1"));
  }

  double[][] mu(double[][] x) {
    return layer(hidden("mu", x), "mu.2");
  }

  double[][] logVariance(double[][] x) {
    double[][] lv = layer(hidden("logvar", x), "logvar.2");
    if (mode != MutualInformation.UNBOUNDED) {
      for (double[] row : lv) {
        Arrays.setAll(row, d -> Math.tanh(row[d]));
      }
    }
    return lv;
  }

  double estimate(double[][] x, double[][] y, int each, int[] other) {
    double[][] lv = logVariance(x);
    return mode == MutualInformation.CMG
        ? PlainCmg.clubOfSequences(mu(x), lv, y, each, other)
        : PlainCmg.club(mu(x), lv, y, each, other);
  }

  double misfit(double[][] x, double[][] y) {
    return PlainCmg.misfit(mu(x), logVariance(x), y);
  }
}
