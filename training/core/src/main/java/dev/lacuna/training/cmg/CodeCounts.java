package dev.lacuna.training.cmg;

import java.util.Arrays;

/** How often each code was chosen. */
final class CodeCounts {
  private final long[] counts;

  /** None so far, of so many codes. */
  CodeCounts(int codes) {
    counts = new long[codes];
  }

  /** Those of some positions. */
  static CodeCounts of(int[] chosen, int codes) {
    CodeCounts counts = new CodeCounts(codes);
    counts.add(chosen);
    return counts;
  }

  /** Counts more positions. */
  void add(int... chosen) {
    for (int code : chosen) {
      counts[code]++;
    }
  }

  /** Counts what others have counted. */
  void add(CodeCounts others) {
    Arrays.setAll(counts, k -> counts[k] + others.counts[k]);
  }

  /** How often a code was chosen. */
  long count(int code) {
    return counts[code];
  }

  /** All positions. */
  long total() {
    return Arrays.stream(counts).sum();
  }

  /** Codes that were chosen at all. */
  int inUse() {
    return (int) Arrays.stream(counts).filter(count -> count > 0).count();
  }

  /**
   * e to the entropy of the shares p_k: as many codes, chosen equally often, would be as hard to
   * guess. From 1 to {@link #inUse}; 0 where none was chosen.
   */
  double perplexity() {
    double total = total();
    if (total == 0) {
      return 0;
    }
    return Math.exp(
        Arrays.stream(counts)
            .filter(count -> count > 0)
            .mapToDouble(count -> -count / total * Math.log(count / total))
            .sum());
  }

  /** Chance that two positions, one of each, have the same code: sum_k p_k q_k. */
  double chanceOfAgreement(CodeCounts other) {
    double sum = 0;
    for (int k = 0; k < counts.length; k++) {
      sum += (double) counts[k] * other.counts[k];
    }
    return sum / ((double) total() * other.total());
  }
}
