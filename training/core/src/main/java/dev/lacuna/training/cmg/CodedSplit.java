package dev.lacuna.training.cmg;

import dev.lacuna.training.data.Split;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a codebook has made of the samples of a split: all that codes are judged by.
 *
 * @param modalities their names
 * @param codes codes[m][i][t] is the code of step t of sample i in modality m; codes[m][i] is null
 *     where the sample lacks the modality; not to be changed
 * @param labels classes of samples, {@link Split#UNLABELLED} where there is none; not to be changed
 * @param stepLabels stepLabels[i][t] is the class of step t of sample i, {@link Split#UNLABELLED}
 *     where it is not known; null where nothing is known of steps; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
record CodedSplit(
    List<String> modalities,
    int[][] @Nullable [] codes,
    int[] labels,
    int @Nullable [][] stepLabels) {
  /** Checks that modalities, samples and steps are as many everywhere, and no code below 0. */
  CodedSplit {
    modalities = List.copyOf(modalities);
    if (codes.length != modalities.size()) {
      throw new IllegalArgumentException(
          "codes of " + codes.length + " modalities, want those of " + modalities);
    }
    if (stepLabels != null && stepLabels.length != labels.length) {
      throw new IllegalArgumentException(
          "labels of steps of " + stepLabels.length + " samples, want " + labels.length);
    }
    int steps =
        stepLabels != null && stepLabels.length > 0
            ? stepLabels[0].length
            : Arrays.stream(codes)
                .flatMap(Arrays::stream)
                .filter(row -> row != null)
                .findFirst()
                .map(row -> row.length)
                .orElse(0);
    for (int m = 0; m < codes.length; m++) {
      if (codes[m].length != labels.length) {
        throw new IllegalArgumentException(
            "codes of "
                + codes[m].length
                + " samples in "
                + modalities.get(m)
                + ", want "
                + labels.length);
      }
      for (int i = 0; i < labels.length; i++) {
        int[] row = codes[m][i];
        if (row != null && (row.length != steps || Arrays.stream(row).anyMatch(code -> code < 0))) {
          throw new IllegalArgumentException(
              "sample "
                  + i
                  + " has codes "
                  + Arrays.toString(row)
                  + " in "
                  + modalities.get(m)
                  + ", want "
                  + steps
                  + " codes, none below 0");
        }
      }
    }
    for (int i = 0; stepLabels != null && i < stepLabels.length; i++) {
      if (stepLabels[i].length != steps) {
        throw new IllegalArgumentException(
            "sample " + i + " has labels of " + stepLabels[i].length + " steps, want " + steps);
      }
    }
  }

  /** Samples that have a modality. */
  int[] having(int m) {
    return IntStream.range(0, labels.length).filter(i -> codes[m][i] != null).toArray();
  }

  /** Samples that have both modalities. */
  int[] having(int a, int b) {
    return Arrays.stream(having(a)).filter(i -> codes[b][i] != null).toArray();
  }

  /** The codes of samples that have a modality, step after step, sample after sample. */
  int[] codesOf(int m, int[] samples) {
    return Arrays.stream(samples).flatMap(i -> Arrays.stream(codes[m][i])).toArray();
  }

  /** The labels of steps of some samples, in the order of {@link #codesOf}; they must be known. */
  int[] stepLabelsOf(int[] samples) {
    int[][] known = stepLabels;
    if (known == null) {
      throw new IllegalStateException("nothing is known of the classes of steps");
    }
    return Arrays.stream(samples).flatMap(i -> Arrays.stream(known[i])).toArray();
  }

  /** One more than the highest code of any modality, 0 where there are no codes. */
  int codeCount() {
    return 1
        + IntStream.range(0, codes.length)
            .flatMap(m -> Arrays.stream(codesOf(m, having(m))))
            .max()
            .orElse(-1);
  }
}
