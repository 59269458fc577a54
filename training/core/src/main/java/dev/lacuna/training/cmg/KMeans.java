package dev.lacuna.training.cmg;

import dev.lacuna.CounterRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.ml.clustering.CentroidCluster;
import org.apache.commons.math3.ml.clustering.DoublePoint;
import org.apache.commons.math3.ml.clustering.KMeansPlusPlusClusterer;
import org.apache.commons.math3.ml.distance.EuclideanDistance;
import org.apache.commons.math3.random.Well19937c;

/** Centres of k-means, by which a codebook begins where its rows lie. */
final class KMeans {
  private static final int ITERATIONS = 10;

  private KMeans() {}

  /**
   * Centres by k-means++ and ten steps of Lloyd's algorithm.
   *
   * @param rows at least k
   * @return [k, width]
   */
  static float[] centres(List<double[]> rows, int k, CounterRandom random) {
    List<DoublePoint> points = rows.stream().map(DoublePoint::new).toList();
    KMeansPlusPlusClusterer<DoublePoint> clusterer =
        new KMeansPlusPlusClusterer<>(
            k, ITERATIONS, new EuclideanDistance(), new Well19937c(random.bits(0)));
    List<CentroidCluster<DoublePoint>> clusters = clusterer.cluster(points);
    int width = rows.getFirst().length;
    float[] centres = new float[k * width];
    for (int j = 0; j < k; j++) {
      double[] centre = clusters.get(j).getCenter().getPoint();
      for (int i = 0; i < width; i++) {
        centres[j * width + i] = (float) centre[i];
      }
    }
    return centres;
  }

  /** The rows of a matrix. */
  static List<double[]> rows(double[] flat, int width) {
    return IntStream.range(0, flat.length / width)
        .mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width))
        .toList();
  }
}
