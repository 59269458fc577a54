package dev.lacuna.ops;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tensor;
import java.util.Arrays;

/** Shape errors in one wording. */
final class Shapes {
  private Shapes() {}

  static void require(boolean condition, String op, String argument, Tensor got, String want) {
    if (!condition) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          op + ": " + argument + " is " + Arrays.toString(got.shape()) + ", want " + want);
    }
  }

  static void requireRank(int rank, String op, String argument, Tensor got) {
    if (got.rank() != rank) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          op
              + ": "
              + argument
              + " is "
              + Arrays.toString(got.shape())
              + ", want "
              + rank
              + " dimensions");
    }
  }
}
