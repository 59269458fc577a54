package dev.lacuna.training.cmg;

import dev.lacuna.Context;
import dev.lacuna.training.data.Split;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Zero-shot transfer: what a probe that has learned classes from one modality's codes makes of
 * another's, as in Xia et al. (NeurIPS 2023). It learns on the training split and is tested on
 * samples that it has not seen.
 */
final class TransferProbe {
  /** What has a class and is classified. */
  enum Unit {
    STEP,
    SEQUENCE
  }

  /**
   * A probe learned from one modality and tested on another, or on the same.
   *
   * @param from the modality that it has learned from
   * @param to the modality that it is tested on
   * @param accuracy on test samples that have both
   * @param within accuracy on the same samples of the probe learned from the modality tested on
   * @param examples steps or sequences that it is tested on
   */
  record Transfer(String from, String to, double accuracy, double within, int examples) {
    /** Share of the score within the modality tested on that is kept; 0 where that score is 0. */
    double share() {
      return within == 0 ? 0 : accuracy / within;
    }

    /** Whether it is learned from the modality that it is tested on. */
    boolean isWithin() {
      return from.equals(to);
    }
  }

  /** Rows of codes and their classes, as {@link LinearProbe} takes them. */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
  private record Examples(int[][] codes, int[] labels) {
    static Examples of(CodedSplit split, int m, int[] samples, Unit unit) {
      int[][] codes;
      int[] labels;
      if (unit == Unit.SEQUENCE) {
        codes = Arrays.stream(samples).mapToObj(i -> split.codes()[m][i]).toArray(int[][]::new);
        labels = Arrays.stream(samples).map(i -> split.labels()[i]).toArray();
      } else if (split.stepLabels() == null) {
        codes = new int[0][];
        labels = new int[0];
      } else {
        codes =
            Arrays.stream(split.codesOf(m, samples))
                .mapToObj(code -> new int[] {code})
                .toArray(int[][]::new);
        labels = split.stepLabelsOf(samples);
      }
      int[] known =
          IntStream.range(0, labels.length).filter(i -> labels[i] != Split.UNLABELLED).toArray();
      return new Examples(
          Arrays.stream(known).mapToObj(i -> codes[i]).toArray(int[][]::new),
          Arrays.stream(known).map(i -> labels[i]).toArray());
    }

    boolean none() {
      return labels.length == 0;
    }
  }

  private TransferProbe() {}

  /**
   * All ordered pairs of modalities, and each modality within itself: those of which both splits
   * have examples whose class is known.
   *
   * @param codebook [code][width]
   */
  static List<Transfer> all(
      Context context, double[][] codebook, CodedSplit train, CodedSplit test, Unit unit) {
    CodeVectors.requireCodes(codebook, test);
    CodeVectors vectors = CodeVectors.standardised(codebook, train);
    List<Examples> learned =
        IntStream.range(0, train.modalities().size())
            .mapToObj(m -> Examples.of(train, m, train.having(m), unit))
            .toList();
    int classes =
        1
            + Stream.of(train, test)
                .flatMap(split ->
                    IntStream.range(0, split.modalities().size())
                        .mapToObj(m -> Examples.of(split, m, split.having(m), unit)))
                .flatMapToInt(examples -> Arrays.stream(examples.labels))
                .max()
                .orElse(0);
    int[] usable = IntStream.range(0, learned.size()).filter(m -> !learned.get(m).none()).toArray();
    LinearProbe[] probes = new LinearProbe[learned.size()];
    for (int m : usable) {
      Examples examples = learned.get(m);
      probes[m] = LinearProbe.learn(context, vectors, examples.codes, examples.labels, classes);
    }
    List<Transfer> transfers = new ArrayList<>();
    for (int a : usable) {
      for (int b : usable) {
        Examples examples = Examples.of(test, b, test.having(a, b), unit);
        if (!examples.none()) {
          transfers.add(
              new Transfer(
                  test.modalities().get(a),
                  test.modalities().get(b),
                  probes[a].accuracy(examples.codes, examples.labels),
                  probes[b].accuracy(examples.codes, examples.labels),
                  examples.labels.length));
        }
      }
    }
    return transfers;
  }
}
