package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.VqNearest;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.SoftmaxOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of the kernels whatever the numbers are. */
final class PropertyTest {
  private static final long SEED = Long.getLong("lacuna.test.seed", 7);

  static List<Target> targets() {
    List<Target> targets = new ArrayList<>(Target.REQUIRED);
    targets.add(Target.doubleReference());
    return targets.stream().distinct().toList();
  }

  private static float[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(SEED, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.normal(i);
    }
    return values;
  }

  private static String at(Target target) {
    return target + ", seed " + SEED;
  }

  // Vector quantisation.

  @ParameterizedTest
  @MethodSource("targets")
  void permutingTheCodesPermutesTheIndices(Target target) {
    int n = 100;
    int d = 19;
    int k = 37;
    float[] z = normal(0, n * d);
    float[] codebook = normal(1, k * d);
    int[] order = new CounterRandom(SEED, 2, 0).permutation(k);
    float[] permuted = new float[k * d];
    for (int j = 0; j < k; j++) {
      System.arraycopy(codebook, order[j] * d, permuted, j * d, d);
    }
    int[] index = new int[n];
    int[] permutedIndex = new int[n];
    float[] distance = new float[n];
    float[] permutedDistance = new float[n];
    try (Context context = target.open()) {
      VqNearest.search(context, z, n, d, codebook, k, index, distance);
      VqNearest.search(context, z, n, d, permuted, k, permutedIndex, permutedDistance);
    }
    for (int i = 0; i < n; i++) {
      assertEquals(index[i], order[permutedIndex[i]], "row " + i + " on " + at(target));
    }
    assertArrayEquals(distance, permutedDistance, 1e-5f);
  }

  // Softmax.

  @ParameterizedTest
  @MethodSource("targets")
  void shiftingARowOfLogitsChangesNeitherCrossEntropyNorEntropy(Target target) {
    float[] logits = normal(3, 6 * 10);
    int[] labels = {0, 9, 3, 3, 5, 1};
    double tolerance = tolerance(target, 1e-4, 1e-12);
    try (Context context = target.open();
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(logits, 6, 10);
      Tensor shifted =
          ElementwiseOp.add(x, tape.input(new float[] {5, -3, 50, -80, 0.5f, 1}, 6, 1));
      Tensor y = tape.input(labels, 6);
      assertArrayEquals(
          SoftmaxOp.crossEntropy(x, y).toDoubleArray(),
          SoftmaxOp.crossEntropy(shifted, y).toDoubleArray(),
          tolerance,
          at(target));
      assertArrayEquals(
          SoftmaxOp.entropy(x).toDoubleArray(),
          SoftmaxOp.entropy(shifted).toDoubleArray(),
          tolerance,
          at(target));
    }
  }

  private static double tolerance(Target target, double inFloat, double inDouble) {
    return target.name().equals("reference-f64") ? inDouble : inFloat;
  }

  // Recursive least squares.

  @ParameterizedTest
  @MethodSource("targets")
  void absorbingAVectorShrinksItsProjectionByAlphaOverAlphaPlusRPR(Target target) {
    int s = 33;
    double alpha = 0.7;
    float[] features = normal(4, 20 * s);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, s, Norm.NONE)) {
      for (int t = 0; t < 20; t++) {
        float[] r = row(features, t, s);
        double[] before = times(projector.matrix(), r);
        double rpr = dot(before, r);
        projector.absorb(r, alpha);
        double[] after = times(projector.matrix(), r);
        for (int i = 0; i < s; i++) {
          before[i] *= alpha / (alpha + rpr);
        }
        assertArrayEquals(
            before, after, tolerance(target, 1e-5, 1e-13), "update " + t + " on " + at(target));
      }
      assertEquals(20, projector.absorbed());
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void theProjectorIsTheInverseOfTheRegularisedCorrelation(Target target) {
    int s = 24;
    int updates = 60;
    double alpha = 0.5;
    float[] features = normal(5, updates * s);
    RealMatrix correlation = MatrixUtils.createRealIdentityMatrix(s);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, s, Norm.NONE)) {
      for (int t = 0; t < updates; t++) {
        float[] r = row(features, t, s);
        projector.absorb(r, alpha);
        for (int i = 0; i < s; i++) {
          for (int j = 0; j < s; j++) {
            correlation.addToEntry(i, j, (double) r[i] * r[j] / alpha);
          }
        }
      }
      RealMatrix inverse = new LUDecomposition(correlation).getSolver().getInverse();
      RealMatrix p = square(projector.matrix(), s);
      double error = p.subtract(inverse).getFrobeniusNorm() / inverse.getFrobeniusNorm();
      assertTrue(
          error <= tolerance(target, 2e-5, 1e-12), "relative error " + error + " on " + at(target));
      double[] eigenvalues = new EigenDecomposition(p).getRealEigenvalues();
      for (double eigenvalue : eigenvalues) {
        assertTrue(
            eigenvalue > 0 && eigenvalue <= 1 + 1e-6,
            "eigenvalue " + eigenvalue + " on " + at(target));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void theNormalisedProjectorKeepsFrobeniusNormOne(Target target) {
    int s = 64;
    float[] features = normal(6, 2000 * s);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, s, Norm.FRO)) {
      for (int t = 0; t < 2000; t++) {
        projector.absorb(row(features, t, s), 1);
        // 47 has no factor in common with the 16 updates between exact norms.
        if (t % 47 == 0 || t == 1999) {
          double norm = Matrices.frobenius(projector.matrix());
          assertEquals(1, norm, 1e-4, "norm after update " + t + " on " + at(target));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void projectingMultipliesByP(Target target) {
    int s = 33;
    int rows = 5;
    float[] features = normal(7, 10 * s);
    float[] gradient = normal(8, rows * s);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, s, Norm.FRO)) {
      for (int t = 0; t < 10; t++) {
        projector.absorb(row(features, t, s), 1);
      }
      double[] p = projector.matrix();
      float[] projected = gradient.clone();
      projector.project(projected, rows);
      for (int i = 0; i < rows; i++) {
        double[] wanted = times(p, row(gradient, i, s));
        for (int j = 0; j < s; j++) {
          assertEquals(wanted[j], projected[i * s + j], 1e-6, at(target));
        }
      }
    }
  }

  // The doors of embedders: an array gives the same bits wherever it lies.

  @ParameterizedTest
  @MethodSource("targets")
  void heapArraysBuffersAndSegmentsGiveTheSameBits(Target target) {
    int s = 17;
    float[] r = normal(9, s);
    float[] gradient = normal(10, 3 * s);
    try (Context context = target.open();
        Arena arena = Arena.ofConfined()) {
      List<float[]> results = new ArrayList<>();
      for (int door = 0; door < 4; door++) {
        try (RlsProjector projector = new RlsProjector(context, s, Norm.NONE)) {
          float[] out = gradient.clone();
          switch (door) {
            case 0 -> {
              projector.absorb(r, 1);
              projector.project(out, 3);
            }
            case 1 -> {
              projector.absorb(FloatBuffer.wrap(r), 1);
              projector.project(FloatBuffer.wrap(out), 3);
            }
            case 2 -> {
              FloatBuffer direct = direct(out);
              projector.absorb(direct(r), 1);
              projector.project(direct, 3);
              direct.get(0, out);
            }
            default -> {
              MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_FLOAT, out);
              projector.absorb(arena.allocateFrom(ValueLayout.JAVA_FLOAT, r), 1);
              projector.project(segment, 3);
              out = segment.toArray(ValueLayout.JAVA_FLOAT);
            }
          }
          results.add(out);
        }
      }
      results.forEach(result -> assertArrayEquals(results.getFirst(), result, at(target)));
    }
  }

  private static FloatBuffer direct(float[] values) {
    FloatBuffer buffer =
        ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.nativeOrder()).asFloatBuffer();
    return buffer.put(0, values);
  }

  private static float[] row(float[] matrix, int i, int cols) {
    return Arrays.copyOfRange(matrix, i * cols, (i + 1) * cols);
  }

  private static double dot(double[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] times(double[] p, float[] r) {
    double[] product = new double[r.length];
    for (int i = 0; i < p.length; i++) {
      product[i / r.length] += p[i] * r[i % r.length];
    }
    return product;
  }

  private static RealMatrix square(double[] values, int n) {
    RealMatrix matrix = MatrixUtils.createRealMatrix(n, n);
    for (int i = 0; i < values.length; i++) {
      matrix.setEntry(i / n, i % n, values[i]);
    }
    return matrix;
  }
}
