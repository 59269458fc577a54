package dev.lacuna.training.mmp;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;

/** Numbers that tell a predictor that has learned from one that has collapsed. */
final class FeatureStatistics {
  private FeatureStatistics() {}

  /** Those of a sample's prediction with its own feature. */
  static double[] own(double[][] cosines) {
    return IntStream.range(0, cosines.length).mapToDouble(i -> cosines[i][i]).toArray();
  }

  /** Those of a sample's prediction with another's feature. */
  static double[] others(double[][] cosines) {
    int n = cosines.length;
    return IntStream.range(0, n)
        .boxed()
        .flatMapToDouble(
            i -> IntStream.range(0, n).filter(j -> j != i).mapToDouble(j -> cosines[i][j]))
        .toArray();
  }

  /**
   * Standard deviation of each dimension, falling.
   *
   * @param features [n][width], two rows or more; divided by n - 1
   */
  static double[] deviations(double[][] features) {
    return IntStream.range(0, features[0].length)
        .mapToDouble(k ->
            new StandardDeviation()
                .evaluate(Arrays.stream(features).mapToDouble(row -> row[k]).toArray()))
        .map(v -> -v)
        .sorted()
        .map(v -> -v)
        .toArray();
  }

  /**
   * Eigenvalues of the covariance, falling: the squared singular values of the centred features,
   * which keep small ones apart from 0 where the covariance itself has lost them to rounding.
   *
   * @param features [n][width], two rows or more; divided by n - 1
   * @return the first min(n, width); what there are more of are 0
   */
  static double[] spectrum(double[][] features) {
    RealMatrix centred = new Array2DRowRealMatrix(features);
    for (int k = 0; k < features[0].length; k++) {
      double mean = StatUtils.mean(centred.getColumn(k));
      centred.setColumnVector(k, centred.getColumnVector(k).mapSubtract(mean));
    }
    return Arrays.stream(new SingularValueDecomposition(centred).getSingularValues())
        .map(v -> v * v / (features.length - 1))
        .toArray();
  }

  /**
   * How many directions features vary in: e to the entropy of the eigenvalues' shares (Roy and
   * Vetterli, EUSIPCO 2007). k equal eigenvalues give k; features that do not vary give 0.
   */
  static double effectiveRank(double[] spectrum) {
    double sum = Arrays.stream(spectrum).sum();
    if (sum == 0) {
      return 0;
    }
    return Math.exp(
        Arrays.stream(spectrum)
            .map(v -> v / sum)
            .map(share -> share == 0 ? 0 : -share * Math.log(share))
            .sum());
  }
}
