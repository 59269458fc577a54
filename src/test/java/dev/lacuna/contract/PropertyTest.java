package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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

  private static double[] times(double[] p, float[] r) {
    double[] product = new double[r.length];
    for (int i = 0; i < p.length; i++) {
      product[i / r.length] += p[i] * r[i % r.length];
    }
    return product;
  }
}
