package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.kernels.VqCodebook;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqQuantize;
import dev.lacuna.kernels.VqQuantize.Commitment;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.kernels.VqQuantize.Options;
import dev.lacuna.kernels.VqQuantize.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Quantised rows through the tape-free door, by their definition. */
@ParameterizedClass
@MethodSource("targets")
final class VqQuantizeTest {
  private static final int M = 3;
  private static final int N = 131;
  private static final int D = 37;
  private static final int K = 19;
  private static final Shape SHAPE = new Shape(M, N, D, K);
  private static final Commitment COMMITMENT = new Commitment(0.5, 0.125);
  private static final double TOLERANCE = 1e-5;

  private final float[] z = normal(0, N * D);
  private final float[] codes = normal(1, K * D);
  private final float[] dq = normal(2, N * D);
  private final int[] index = indices();

  @Parameter private Target target;
  private Context context;

  static List<Target> targets() {
    return PropertyTest.targets();
  }

  @BeforeEach
  void open() {
    context = target.open();
  }

  @AfterEach
  void close() {
    context.close();
  }

  /** Multiples of 1/1024, so that adding 64 to one rounds nothing. */
  private static float[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(5, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Math.round(1024 * random.normal(i)) / 1024f;
    }
    return values;
  }

  /** From -1, an absent modality, on. */
  private static int[] indices() {
    CounterRandom random = new CounterRandom(5, 3, 0);
    int[] values = new int[M * N];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.below(i, K + 1) - 1;
    }
    return values;
  }

  private double loss(float[] rows) {
    Options options = Options.DEFAULT.withCommitment(COMMITMENT);
    return VqQuantize.forward(context, SHAPE, options, rows, codes, index, new float[N * D]);
  }

  private double[] difference(int i, int code) {
    double[] result = new double[D];
    for (int j = 0; j < D; j++) {
      result[j] = (double) z[i * D + j] - codes[code * D + j];
    }
    return result;
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int j = 0; j < x.length; j++) {
      sum += x[j] * y[j];
    }
    return sum;
  }

  private static double[] row(float[] matrix, int i) {
    double[] result = new double[D];
    for (int j = 0; j < D; j++) {
      result[j] = matrix[i * D + j];
    }
    return result;
  }

  @Test
  void codesAndLossAreThoseOfTheirDefinition() {
    float[] q = new float[N * D];
    Arrays.fill(q, 9);
    double loss =
        VqQuantize.forward(
            context, SHAPE, Options.DEFAULT.withCommitment(COMMITMENT), z, codes, index, q);
    double wanted = 0;
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < D; j++) {
        assertEquals(index[i] < 0 ? 0 : codes[index[i] * D + j], q[i * D + j]);
      }
      for (int o = 0; o < M && index[i] >= 0; o++) {
        int code = index[o * N + i];
        if (code >= 0) {
          double[] apart = difference(i, code);
          wanted += (o == 0 ? 0.5 : 0.125) * dot(apart, apart) / (N * D);
        }
      }
    }
    assertEquals(wanted, loss, TOLERANCE * wanted);
  }

  @ParameterizedTest
  @EnumSource(Estimator.class)
  void theGradientIsThatOfItsDefinition(Estimator estimator) {
    double dloss = 1000;
    float[] dz = new float[N * D];
    Arrays.fill(dz, 9);
    VqQuantize.backward(
        context, SHAPE, new Options(estimator, COMMITMENT), dq, dloss, z, codes, index, dz);
    for (int i = 0; i < N; i++) {
      double[] wanted = new double[D];
      if (index[i] >= 0) {
        wanted =
            estimator == Estimator.ROTATION
                ? rotatedBack(row(dq, i), row(z, i), row(codes, index[i]))
                : row(dq, i);
      }
      for (int o = 0; o < M && index[i] >= 0; o++) {
        int code = index[o * N + i];
        for (int j = 0; j < D && code >= 0; j++) {
          wanted[j] += dloss * 2 / (N * D) * (o == 0 ? 0.5 : 0.125) * difference(i, code)[j];
        }
      }
      for (int j = 0; j < D; j++) {
        assertEquals(wanted[j], dz[i * D + j], TOLERANCE * 4, "row " + i + ", column " + j);
      }
    }
  }

  /** J^T g with J = |q|/|z| (1 - 2 r r^T + 2 v u^T) written out as a matrix. */
  private static double[] rotatedBack(double[] g, double[] row, double[] code) {
    double rowNorm = Math.sqrt(dot(row, row));
    double codeNorm = Math.sqrt(dot(code, code));
    double[] u = new double[D];
    double[] v = new double[D];
    double[] r = new double[D];
    for (int j = 0; j < D; j++) {
      u[j] = row[j] / rowNorm;
      v[j] = code[j] / codeNorm;
      r[j] = u[j] + v[j];
    }
    double length = Math.sqrt(dot(r, r));
    double[] result = new double[D];
    for (int a = 0; a < D; a++) {
      for (int b = 0; b < D; b++) {
        double one = a == b ? 1 : 0;
        double jacobian = one - 2 * r[a] / length * r[b] / length + 2 * v[a] * u[b];
        result[b] += codeNorm / rowNorm * jacobian * g[a];
      }
    }
    return result;
  }

  /** The loss is quadratic in z, so the central difference has no error but rounding. */
  @Test
  void theLossesGradientIsItsFiniteDifference() {
    float[] dz = new float[N * D];
    Options options = Options.DEFAULT.withCommitment(COMMITMENT);
    double scale = N * D;
    VqQuantize.backward(context, SHAPE, options, null, scale, z, codes, index, dz);
    float step = 64;
    for (int i = 0; i < N * D; i += 97) {
      float[] moved = z.clone();
      moved[i] = z[i] + step;
      double above = loss(moved);
      moved[i] = z[i] - step;
      double slope = (above - loss(moved)) * scale / (2 * step);
      // What rounding the losses to float makes of it, float sums on the reference included.
      assertEquals(slope, dz[i], 2e-3, "number " + i);
      assertEquals(index[i / D] < 0, dz[i] == 0, "number " + i);
    }
  }

  /** R turns u into v: J z = q, so the gradient (J^T g) z = g q for whatever g. */
  @Test
  void theRotationTakesRowsToTheirCodes() {
    float[] dz = new float[N * D];
    VqQuantize.backward(
        context,
        SHAPE,
        new Options(Estimator.ROTATION, Commitment.NONE),
        dq,
        1,
        z,
        codes,
        index,
        dz);
    for (int i = 0; i < N; i++) {
      double wanted = index[i] < 0 ? 0 : dot(row(dq, i), row(codes, index[i]));
      assertEquals(wanted, dot(row(dz, i), row(z, i)), 1e-4, "row " + i);
    }
  }

  @Test
  void everyKindOfArrayAndTheCodebookGiveTheSameBits() {
    Options options = new Options(Estimator.ROTATION, COMMITMENT);
    float[] q = new float[N * D];
    float[] dz = new float[N * D];
    double loss = VqQuantize.forward(context, SHAPE, options, z, codes, index, q);
    VqQuantize.backward(context, SHAPE, options, dq, 3, z, codes, index, dz);
    try (Arena arena = Arena.ofConfined();
        VqCodebook codebook = new VqCodebook(context, M, K, D, VqOptions.DEFAULT)) {
      MemorySegment rows = arena.allocateFrom(ValueLayout.JAVA_FLOAT, z);
      MemorySegment book = arena.allocateFrom(ValueLayout.JAVA_FLOAT, codes);
      MemorySegment chosen = arena.allocateFrom(ValueLayout.JAVA_INT, index);
      MemorySegment gradient = arena.allocateFrom(ValueLayout.JAVA_FLOAT, dq);
      MemorySegment out = arena.allocate(4L * N * D, 4);
      assertEquals(loss, VqQuantize.forward(context, SHAPE, options, rows, book, chosen, out));
      assertArrayEquals(q, out.toArray(ValueLayout.JAVA_FLOAT));
      VqQuantize.backward(context, SHAPE, options, gradient, 3, rows, book, chosen, out);
      assertArrayEquals(dz, out.toArray(ValueLayout.JAVA_FLOAT));

      codebook.init(codes);
      float[] same = new float[N * D];
      assertEquals(loss, codebook.quantize(z, N, index, options, same));
      assertArrayEquals(q, same);
      codebook.quantizeGrad(dq, 3, z, N, index, options, same);
      assertArrayEquals(dz, same);
    }
  }

  @Test
  void anIndexOutOfRangeIsNamedAndNothingIsWritten() {
    index[N + 4] = K;
    float[] out = new float[N * D];
    for (Estimator estimator : Estimator.values()) {
      Options options = new Options(estimator, COMMITMENT);
      for (boolean forward : new boolean[] {true, false}) {
        LacunaException e =
            assertThrows(
                LacunaException.class,
                () -> {
                  if (forward) {
                    VqQuantize.forward(context, SHAPE, options, z, codes, index, out);
                  } else {
                    VqQuantize.backward(context, SHAPE, options, dq, 1, z, codes, index, out);
                  }
                });
        assertTrue(e.getMessage().contains("index"), e.getMessage());
        // a device tells it later, and no more
        assertTrue(
            e.getMessage().contains(" is 19, want") || !context.usesHostMemory(), e.getMessage());
      }
    }
    assertArrayEquals(new float[N * D], out);
  }
}
