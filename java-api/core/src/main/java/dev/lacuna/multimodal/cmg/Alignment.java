package dev.lacuna.multimodal.cmg;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Modalities of a batch can be compared where they are paired, sequence by sequence and step by
 * step.
 */
final class Alignment {
  private Alignment() {}

  /**
   * The steps of all sequences.
   *
   * @param names of the modalities
   * @param size sequences of the batch
   * @throws LacunaException naming the modality where steps differ, a sequence lies outside the
   *     batch, or nothing is given
   */
  static int steps(List<String> names, int size, List<? extends @Nullable Sequences> given) {
    if (given.size() != names.size()) {
      throw invalid("a batch of " + given.size() + " modalities, want " + names.size());
    }
    String first = null;
    int steps = 0;
    for (int m = 0; m < given.size(); m++) {
      Sequences sequences = given.get(m);
      if (sequences == null) {
        continue;
      }
      requireInside(names.get(m), size, sequences.samples());
      if (first == null) {
        first = names.get(m);
        steps = sequences.each();
      }
      if (sequences.each() != steps) {
        throw invalid(
            names.get(m)
                + " has sequences of "
                + sequences.each()
                + " steps and "
                + first
                + " of "
                + steps
                + ", want the same: they are paired step by step");
      }
    }
    if (first == null) {
      throw invalid("a batch without any modality");
    }
    return steps;
  }

  private static void requireInside(String name, int size, int[] samples) {
    int before = -1;
    for (int sample : samples) {
      if (sample <= before || sample >= size) {
        throw invalid(
            name
                + ": sequence "
                + sample
                + (before < 0 ? "" : " after " + before)
                + " of a batch of "
                + size
                + ", want 0 to "
                + (size - 1)
                + ", ascending");
      }
      before = sample;
    }
  }

  private static LacunaException invalid(String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, text);
  }
}
