package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpLayouts.AdamwStep;

/**
 * Adam (Kingma and Ba, 2015) with the decay of torch.optim.Adam or, decoupled, of AdamW (Loshchilov
 * and Hutter, 2019).
 */
final class AdamwReference {
  private AdamwReference() {}

  static void step(Args args) {
    long step = args.call().value(AdamwStep.STEP);
    if (step < 1) {
      throw args.invalid("step is " + step + ", want >= 1");
    }
    boolean decoupled = args.flag(AdamwStep.DECOUPLED);
    // `var` stays double in the float twin: 1 - beta2 would lose four of its seven digits there.
    var exactLr = args.call().real(AdamwStep.LR);
    var exactBeta1 = args.call().real(AdamwStep.BETA1);
    var exactBeta2 = args.call().real(AdamwStep.BETA2);
    double lr = (double) exactLr;
    double beta1 = (double) exactBeta1;
    double beta2 = (double) exactBeta2;
    double share1 = (double) (1 - exactBeta1);
    double share2 = (double) (1 - exactBeta2);
    double rate = (double) (exactLr / (1 - Math.pow(exactBeta1, (double) step)));
    double root = (double) Math.sqrt(1 - Math.pow(exactBeta2, (double) step));
    double epsilon = args.real(AdamwStep.EPSILON);
    double decay = args.real(AdamwStep.WEIGHT_DECAY);
    double[] w = args.row(AdamwStep.W);
    double[] g = args.row(AdamwStep.G);
    double[] m = args.row(AdamwStep.M);
    double[] v = args.row(AdamwStep.V);
    for (int i = 0; i < w.length; i++) {
      double gradient = decoupled ? g[i] : g[i] + decay * w[i];
      double start = decoupled ? w[i] * (1 - lr * decay) : w[i];
      m[i] = beta1 * m[i] + share1 * gradient;
      v[i] = beta2 * v[i] + share2 * gradient * gradient;
      w[i] = start - rate * m[i] / ((double) Math.sqrt(v[i]) / root + epsilon);
    }
    args.store(AdamwStep.W, w);
    args.store(AdamwStep.M, m);
    args.store(AdamwStep.V, v);
  }
}
