package dev.lacuna.training.cmg;

import dev.lacuna.training.data.Split;
import dev.lacuna.training.metrics.Clustering;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How codes are spread, and how far modalities agree on them. What no sample has is left out.
 *
 * @param inUse codes that any modality uses
 * @param modalities one by one
 * @param pairs of modalities, at equal steps of samples that have both
 */
record CodeStatistics(int inUse, List<OfModality> modalities, List<OfPair> pairs) {
  /**
   * The codes of one modality.
   *
   * @param name of the modality
   * @param perplexity e to the entropy of its codes
   * @param inUse codes that it uses
   * @param stepNmi normalised mutual information of codes and classes of steps; NaN where no class
   *     of a step is known
   */
  record OfModality(String name, double perplexity, int inUse, double stepNmi) {}

  /**
   * The codes of two modalities beside each other.
   *
   * @param first name of one
   * @param second name of the other
   * @param agreement share of equal codes
   * @param chance what the share would be if the modalities knew nothing of each other: sum_k
   *     p_first(k) p_second(k)
   * @param nmi normalised mutual information of both
   */
  record OfPair(String first, String second, double agreement, double chance, double nmi) {
    /** Agreement by chance: 1 says independent; 0 where the two have no code in common. */
    double overChance() {
      return chance == 0 ? 0 : agreement / chance;
    }
  }

  /** Takes copies. */
  CodeStatistics {
    modalities = List.copyOf(modalities);
    pairs = List.copyOf(pairs);
  }

  /** Counts the codes of a split. */
  static CodeStatistics of(CodedSplit split) {
    int codes = split.codeCount();
    CodeCounts all = new CodeCounts(codes);
    List<OfModality> modalities = new ArrayList<>();
    List<OfPair> pairs = new ArrayList<>();
    for (int a = 0; a < split.modalities().size(); a++) {
      int[] chosen = split.codesOf(a, split.having(a));
      if (chosen.length == 0) {
        continue;
      }
      CodeCounts counts = CodeCounts.of(chosen, codes);
      all.add(counts);
      modalities.add(
          new OfModality(
              split.modalities().get(a), counts.perplexity(), counts.inUse(), stepNmi(split, a)));
      for (int b = a + 1; b < split.modalities().size(); b++) {
        if (split.having(a, b).length > 0) {
          pairs.add(pair(split, a, b, codes));
        }
      }
    }
    return new CodeStatistics(all.inUse(), modalities, pairs);
  }

  private static double stepNmi(CodedSplit split, int m) {
    if (split.stepLabels() == null) {
      return Double.NaN;
    }
    int[] samples = split.having(m);
    int[] codes = split.codesOf(m, samples);
    int[] labels = split.stepLabelsOf(samples);
    int[] known =
        IntStream.range(0, labels.length).filter(t -> labels[t] != Split.UNLABELLED).toArray();
    return known.length == 0
        ? Double.NaN
        : Clustering.nmi(
            IntStream.of(known).map(t -> codes[t]).toArray(),
            IntStream.of(known).map(t -> labels[t]).toArray());
  }

  private static OfPair pair(CodedSplit split, int a, int b, int codes) {
    int[] samples = split.having(a, b);
    int[] first = split.codesOf(a, samples);
    int[] second = split.codesOf(b, samples);
    long equal = IntStream.range(0, first.length).filter(t -> first[t] == second[t]).count();
    return new OfPair(
        split.modalities().get(a),
        split.modalities().get(b),
        (double) equal / first.length,
        CodeCounts.of(first, codes).chanceOfAgreement(CodeCounts.of(second, codes)),
        Clustering.nmi(first, second));
  }
}
