package dev.lacuna.multimodal.cmg;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;

/**
 * Where a batch has a number that is none. Attention spreads it over a sequence, so z does not
 * tell.
 */
final class NonFinite {
  private NonFinite() {}

  /** An error that names the modality, and sequence, step and number where these are to blame. */
  static LacunaException located(String modality, Sequences given, LacunaException found) {
    double[] x = given.x().toDoubleArray();
    int perStep = x.length / Math.toIntExact(given.x().size(0));
    for (int i = 0; i < x.length; i++) {
      if (!Double.isFinite(x[i])) {
        int row = i / perStep;
        return new LacunaException(
            Status.NON_FINITE,
            modality
                + ": number "
                + i % perStep
                + " in step "
                + row % given.each()
                + " of sequence "
                + given.samples()[row / given.each()]
                + " is "
                + x[i]
                + ", want finite numbers",
            found);
      }
    }
    return new LacunaException(
        Status.NON_FINITE,
        "semantic features of "
            + modality
            + ", all of whose steps are finite: "
            + found.getMessage(),
        found);
  }
}
