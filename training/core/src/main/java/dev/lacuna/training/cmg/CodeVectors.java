package dev.lacuna.training.cmg;

import java.util.Arrays;

/** The codebook's vectors as a linear probe reads them. */
final class CodeVectors {
  private final double[][] rows;

  private CodeVectors(double[][] rows) {
    this.rows = rows;
  }

  /**
   * Vectors of mean 0 and deviation 1 in each dimension over the codes that a split uses: their
   * size says nothing, and a probe's learning rate need not follow it. A dimension in which these
   * do not differ is 0.
   *
   * @param codebook [code][width]
   * @throws IllegalArgumentException where the split has a code that the codebook lacks
   */
  static CodeVectors standardised(double[][] codebook, CodedSplit split) {
    requireCodes(codebook, split);
    CodeCounts used = new CodeCounts(codebook.length);
    for (int m = 0; m < split.modalities().size(); m++) {
      used.add(split.codesOf(m, split.having(m)));
    }
    int n = used.inUse();
    int width = codebook.length == 0 ? 0 : codebook[0].length;
    double[][] rows = new double[codebook.length][width];
    for (int d = 0; d < width; d++) {
      double mean = 0;
      for (int k = 0; k < codebook.length; k++) {
        mean += used.count(k) > 0 ? codebook[k][d] / n : 0;
      }
      double variance = 0;
      double largest = 0;
      for (int k = 0; k < codebook.length; k++) {
        double from = codebook[k][d] - mean;
        variance += used.count(k) > 0 ? from * from / n : 0;
        largest = Math.max(largest, used.count(k) > 0 ? Math.abs(codebook[k][d]) : 0);
      }
      double deviation = Math.sqrt(variance);
      // what is left of equal numbers after rounding is no deviation
      boolean varies = deviation > 1e-12 * largest;
      for (int k = 0; k < codebook.length; k++) {
        rows[k][d] = varies ? (codebook[k][d] - mean) / deviation : 0;
      }
    }
    return new CodeVectors(rows);
  }

  /** Refuses codes that a codebook does not have. */
  static void requireCodes(double[][] codebook, CodedSplit split) {
    if (split.codeCount() > codebook.length) {
      throw new IllegalArgumentException(
          "a sample has code "
              + (split.codeCount() - 1)
              + ", the codebook ends with "
              + (codebook.length - 1));
    }
  }

  /** Codes there are. */
  int count() {
    return rows.length;
  }

  /** Dimensions of a vector. */
  int width() {
    return rows[0].length;
  }

  /** All vectors, row by row. */
  double[] flat() {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  /** Adds the mean of some codes' vectors to width() numbers that begin at a place. */
  void addMean(int[] codes, double[] target, int at) {
    double share = 1.0 / codes.length;
    for (int code : codes) {
      for (int d = 0; d < width(); d++) {
        target[at + d] += share * rows[code][d];
      }
    }
  }
}
