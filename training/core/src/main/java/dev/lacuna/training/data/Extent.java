package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.List;
import java.util.Set;

/** How many samples of a data set are wanted, and which of its modalities. */
record Extent(int train, int validation, int test, List<String> modalities) {
  /** Refuses empty splits, and modalities that are not some of a data set's in its order. */
  void check(String data, List<String> all) {
    if (modalities.isEmpty()
        || !modalities.equals(all.stream().filter(Set.copyOf(modalities)::contains).toList())) {
      throw bad(
          "modalities of "
              + data
              + " are "
              + String.join(",", modalities)
              + ", want some of "
              + String.join(",", all)
              + ", in this order");
    }
    if (train < 1
        || validation < 1
        || test < 1
        || (long) train + validation + test > Integer.MAX_VALUE) {
      throw bad(
          "sizes are "
              + train
              + " train, "
              + validation
              + " validation, "
              + test
              + " test, want each 1 or more, and fewer than 2^31 together");
    }
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
