package dev.lacuna.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** Sizes at which a unit of work costs much more than at sizes beside them. */
final class Cliffs {
  /** How much more is too much. */
  static final double STEEP = 1.5;

  /** Sizes this near should cost the same, whatever the trend. */
  private static final double NEAR = 1.1;

  private Cliffs() {}

  /**
   * Indices of ascending sizes whose cost of a unit is more than 1.5 times that of both neighbours,
   * or of one that is at most a tenth away. Costs that rise or fall along the way, as those of
   * small calls do, are no cliff.
   */
  static List<Integer> find(double[] sizes, double[] unitCosts) {
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      boolean before = i > 0 && unitCosts[i] > STEEP * unitCosts[i - 1];
      boolean after = i + 1 < sizes.length && unitCosts[i] > STEEP * unitCosts[i + 1];
      boolean nearBefore = i > 0 && sizes[i] <= NEAR * sizes[i - 1];
      boolean nearAfter = i + 1 < sizes.length && sizes[i + 1] <= NEAR * sizes[i];
      if ((before && (after || nearBefore)) || (after && nearAfter)) {
        found.add(i);
      }
    }
    return found;
  }
}
