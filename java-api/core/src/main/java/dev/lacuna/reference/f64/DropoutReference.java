package dev.lacuna.reference.f64;

import dev.lacuna.CounterRandom;
import dev.lacuna.spi.OpLayouts.Dropout;

/**
 * Dropout with masks that are a function of (seed, stream, step) and the element's index:
 * Srivastava et al., JMLR 2014, scaled by 1 / (1 - p) while learning, as
 * torch.nn.functional.dropout.
 */
final class DropoutReference {
  private DropoutReference() {}

  static void dropout(Args args) {
    long d = args.size(Dropout.D);
    // As given, whatever the numbers of this back end are: masks are the same everywhere.
    var p = args.call().real(Dropout.P);
    if (!(p >= 0 && p < 1)) {
      throw args.invalid("p is " + p + ", want 0 <= p < 1");
    }
    CounterRandom random =
        new CounterRandom(
            args.call().value(Dropout.SEED),
            args.int32("stream", Dropout.STREAM),
            args.int32("step", Dropout.STEP));
    double scale = (double) (1 / (1 - p));
    double[][] out = args.matrix(Dropout.X);
    for (int i = 0; i < out.length; i++) {
      for (int j = 0; j < d; j++) {
        out[i][j] = random.uniform(i * d + j) >= p ? scale * out[i][j] : 0;
      }
    }
    args.gradient(Dropout.OUT, Dropout.ACC_OUT, out);
  }
}
