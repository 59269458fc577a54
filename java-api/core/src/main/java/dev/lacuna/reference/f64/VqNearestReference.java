package dev.lacuna.reference.f64;

import dev.lacuna.Status;
import dev.lacuna.spi.OpLayouts.VqNearest;

/** index[i] = argmin_j |z_i - codebook_j|^2 by direct differences, lowest j on ties. */
final class VqNearestReference {
  private VqNearestReference() {}

  static void search(Args args) {
    double[][] z = args.matrix(VqNearest.Z);
    double[][] codebook = args.matrix(VqNearest.CODEBOOK);
    if (codebook.length == 0) {
      throw args.invalid("k is 0, want >= 1");
    }
    checkFinite(args, "z", z);
    checkFinite(args, "codebook", codebook);
    int[] index = new int[z.length];
    double[][] distance = new double[z.length][1];
    for (int i = 0; i < z.length; i++) {
      for (int j = 0; j < codebook.length; j++) {
        double sum = 0;
        for (int k = 0; k < z[i].length; k++) {
          double difference = z[i][k] - codebook[j][k];
          sum += difference * difference;
        }
        if (j == 0 || sum < distance[i][0]) {
          index[i] = j;
          distance[i][0] = sum;
        }
      }
    }
    args.store(VqNearest.INDEX, index);
    args.store(VqNearest.DISTANCE, distance);
  }

  private static void checkFinite(Args args, String name, double[][] matrix) {
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[i].length; j++) {
        if (!Double.isFinite(matrix[i][j])) {
          throw args.fail(Status.NON_FINITE, name + "[" + i + ", " + j + "] is " + matrix[i][j]);
        }
      }
    }
  }
}
