package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.SgdStep;

/**
 * Stochastic gradient descent with momentum, as torch.optim.SGD defines it; decoupled decay as in
 * AdamW.
 */
final class SgdReference {
  private SgdReference() {}

  static void step(Args args) {
    double lr = args.real(SgdStep.LR);
    double momentum = args.real(SgdStep.MOMENTUM);
    double dampening = args.real(SgdStep.DAMPENING);
    double decay = args.real(SgdStep.WEIGHT_DECAY);
    boolean nesterov = args.flag(SgdStep.NESTEROV);
    boolean decoupled = args.flag(SgdStep.DECOUPLED);
    boolean first = args.flag(SgdStep.FIRST);
    boolean hasVelocity = args.has(SgdStep.VELOCITY);
    if (momentum != 0 && !hasVelocity) {
      throw args.invalid("velocity is missing with momentum " + momentum);
    }
    double[] w = args.row(SgdStep.W);
    double[] g = args.row(SgdStep.G);
    double[] v = hasVelocity ? args.row(SgdStep.VELOCITY) : new double[w.length];
    for (int i = 0; i < w.length; i++) {
      double gradient = decoupled ? g[i] : g[i] + decay * w[i];
      double start = decoupled ? w[i] * (1 - lr * decay) : w[i];
      double step = gradient;
      if (momentum != 0) {
        v[i] = first ? gradient : momentum * v[i] + (1 - dampening) * gradient;
        step = nesterov ? gradient + momentum * v[i] : v[i];
      }
      w[i] = start - lr * step;
    }
    args.store(SgdStep.W, w);
    if (momentum != 0) {
      args.store(SgdStep.VELOCITY, v);
    }
  }
}
