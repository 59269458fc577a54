package dev.lacuna.ops;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tensor;
import java.util.Arrays;

/** Shape errors in one wording. */
final class Shapes {
  private Shapes() {}

  /** The error for a tensor of a wrong shape. */
  static LacunaException wrong(String op, String argument, Tensor got, String want) {
    return new LacunaException(
        Status.INVALID_ARGUMENT,
        op + ": " + argument + " is " + Arrays.toString(got.shape()) + ", want " + want);
  }

  static void requireRank(int rank, String op, String argument, Tensor got) {
    if (got.rank() != rank) {
      throw wrong(op, argument, got, rank + " dimensions");
    }
  }
}
