package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Form;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of gradient projection in every form, on every back end. */
final class RlsTest {
  private static final long SEED = Long.getLong("lacuna.test.seed", 7);
  private static final int SIZE = 37;

  static Stream<Arguments> targetsAndForms() {
    return PropertyTest.targets().stream()
        .flatMap(target -> Stream.of(Form.values()).map(form -> Arguments.of(target, form)));
  }

  static List<Target> natives() {
    return Target.natives();
  }

  private static float[] normal(int stream, int count, double scale) {
    CounterRandom random = new CounterRandom(SEED, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.normal(i));
    }
    return values;
  }

  private static float[] rows(float[] matrix, int first, int count, int size) {
    return Arrays.copyOfRange(matrix, first * size, (first + count) * size);
  }

  private static double tolerance(Target target, double inFloat, double inDouble) {
    return target.name().equals("reference-f64") ? inDouble : inFloat;
  }

  private static double[] times(double[] p, float[] r) {
    double[] product = new double[r.length];
    for (int i = 0; i < p.length; i++) {
      product[i / r.length] += p[i] * r[i % r.length];
    }
    return product;
  }

  private static double dot(double[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  private static double[] scaled(double[] values, double factor) {
    return Arrays.stream(values).map(v -> factor * v).toArray();
  }

  /** (I + sum r r^T / alpha)^-1 by LU decomposition. */
  private static RealMatrix inverse(float[] features, int size, double alpha) {
    double[][] correlation = new double[size][size];
    for (int t = 0; t < features.length / size; t++) {
      for (int i = 0; i < size; i++) {
        double r = features[t * size + i] / alpha;
        for (int j = 0; j < size; j++) {
          correlation[i][j] += r * features[t * size + j];
        }
      }
    }
    for (int i = 0; i < size; i++) {
      correlation[i][i] += 1;
    }
    return new LUDecomposition(new Array2DRowRealMatrix(correlation, false))
        .getSolver()
        .getInverse();
  }

  private static RealMatrix square(double[] values, int size) {
    double[][] rows = new double[size][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(values, i * size, (i + 1) * size));
    return new Array2DRowRealMatrix(rows, false);
  }

  private static double relativeError(RealMatrix got, RealMatrix wanted) {
    return got.subtract(wanted).getFrobeniusNorm() / wanted.getFrobeniusNorm();
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void theProjectorIsTheInverseOfTheRegularisedCorrelation(Target target, Form form) {
    int updates = 50;
    float[] features = normal(0, updates * SIZE, 1);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, SIZE, form, Norm.NONE)) {
      assertEquals(form, projector.form());
      for (int t = 0; t < updates; t++) {
        projector.absorb(rows(features, t, 1, SIZE), 0.5);
      }
      assertEquals(form == Form.LOW_RANK ? Form.POTTER : form, projector.form());
      assertEquals(updates, projector.absorbed());
      RealMatrix p = square(projector.matrix(), SIZE);
      double error = relativeError(p, inverse(features, SIZE, 0.5));
      double allowed = tolerance(target, form == Form.PLAIN ? 2e-4 : 2e-5, 1e-11);
      assertTrue(error <= allowed, "relative error " + error);
      for (double eigenvalue : new EigenDecomposition(p).getRealEigenvalues()) {
        assertTrue(eigenvalue > 0 && eigenvalue <= 1 + 1e-6, "eigenvalue " + eigenvalue);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void lowRankHoldsTheSameProjectorBeforeAndAfterItGoesOver(Target target, Form other) {
    float[] features = normal(1, 30 * SIZE, 1);
    for (Norm norm : Norm.values()) {
      try (Context context = target.open();
          RlsProjector low = new RlsProjector(context, SIZE, Form.LOW_RANK, norm);
          RlsProjector projector = new RlsProjector(context, SIZE, other, norm)) {
        int changes = 0;
        for (int t = 0; t < 30; t++) {
          Form before = low.form();
          float[] r = rows(features, t, 1, SIZE);
          low.absorb(r, 0.3);
          projector.absorb(r, 0.3);
          changes += before == low.form() ? 0 : 1;
          assertArrayEquals(
              projector.matrix(), low.matrix(), tolerance(target, 2e-5, 1e-12), "update " + t);
        }
        assertEquals(1, changes);
        assertEquals(30, low.absorbed());
        low.reset();
        assertEquals(Form.LOW_RANK, low.form());
        assertEquals(0, low.absorbed());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void aBlockGivesWhatItsRowsGiveOneAfterTheOther(Target target, Form form) {
    for (int b : new int[] {1, 2, 5, 16, 33}) {
      float[] features = normal(b, 2 * b * SIZE, 1);
      try (Context context = target.open();
          RlsProjector blocks = new RlsProjector(context, SIZE, form, Norm.NONE);
          RlsProjector single = new RlsProjector(context, SIZE, form, Norm.NONE)) {
        for (int half = 0; half < 2; half++) {
          blocks.absorb(rows(features, half * b, b, SIZE), b, 0.7);
        }
        for (int t = 0; t < 2 * b; t++) {
          single.absorb(rows(features, t, 1, SIZE), 0.7);
        }
        assertEquals(2L * b, blocks.absorbed());
        assertArrayEquals(
            single.matrix(), blocks.matrix(), tolerance(target, 2e-5, 1e-12), b + " rows");
      }
    }
  }

  /** FRO: alpha counts from the norm before the block, and one division follows it. */
  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void theNormIsDividedOutOnceAfterABlock(Target target, Form form) {
    int b = 5;
    float[] features = normal(2, 4 * b * SIZE, 1);
    try (Context context = target.open();
        RlsProjector normalised = new RlsProjector(context, SIZE, form, Norm.FRO);
        RlsProjector plain = new RlsProjector(context, SIZE, form, Norm.NONE)) {
      double norm = 1;
      for (int t = 0; t < 4; t++) {
        float[] r = rows(features, t * b, b, SIZE);
        normalised.absorb(r, b, 0.8);
        plain.absorb(r, b, 0.8 * norm);
        norm = Matrices.frobenius(plain.matrix());
        assertArrayEquals(
            scaled(plain.matrix(), 1 / norm),
            normalised.matrix(),
            tolerance(target, 2e-5, 1e-12),
            "block " + t);
      }
    }
  }

  /**
   * Methods 4.3: FRO with alpha is NONE with alpha times the norm of before, divided by its norm.
   */
  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void theNormalisedRecursionIsTheOtherWithAlphaTimesTheNorm(Target target, Form form) {
    int updates = 40;
    float[] features = normal(3, updates * SIZE, 1);
    try (Context context = target.open();
        RlsProjector normalised = new RlsProjector(context, SIZE, form, Norm.FRO);
        RlsProjector other = new RlsProjector(context, SIZE, Form.POTTER, Norm.NONE)) {
      double norm = 1;
      for (int t = 0; t < updates; t++) {
        float[] r = rows(features, t, 1, SIZE);
        normalised.absorb(r, 0.5);
        other.absorb(r, 0.5 * norm);
        norm = Matrices.frobenius(other.matrix());
        double allowed = tolerance(target, form == Form.PLAIN ? 5e-4 : 2e-5, 1e-11);
        assertArrayEquals(
            scaled(other.matrix(), 1 / norm), normalised.matrix(), allowed, "update " + t);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void theNormalisedProjectorKeepsFrobeniusNormOne(Target target, Form form) {
    int size = 64;
    float[] features = normal(4, 2000 * size, 1);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, size, form, Norm.FRO)) {
      for (int t = 0; t < 2000; t++) {
        projector.absorb(rows(features, t, 1, size), 1);
        // 47 has no factor in common with the 16 updates between exact norms.
        if (t % 47 == 0 || t == 1999) {
          double norm = Matrices.frobenius(projector.matrix());
          assertEquals(1, norm, 1e-4, "norm after update " + t);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void absorbingShrinksAVectorsProjectionByAlphaOverAlphaPlusRPR(Target target, Form form) {
    double alpha = 0.7;
    float[] features = normal(5, 20 * SIZE, 1);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, SIZE, form, Norm.NONE)) {
      for (int t = 0; t < 20; t++) {
        float[] r = rows(features, t, 1, SIZE);
        double[] before = times(projector.matrix(), r);
        double factor = alpha / (alpha + dot(before, r));
        projector.absorb(r, alpha);
        assertArrayEquals(
            scaled(before, factor),
            times(projector.matrix(), r),
            tolerance(target, 5e-5, 1e-12),
            "update " + t);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void orthonormalVectorsAreTakenOutWhole(Target target, Form form) {
    // Householder's reflection of the first unit vectors: orthonormal and dense.
    float[] v = normal(6, SIZE, 1);
    double vv = dot(doubles(v), v);
    int count = 6;
    float[] r = new float[count * SIZE];
    double[] wanted = new double[SIZE * SIZE];
    for (int k = 0; k < count; k++) {
      for (int i = 0; i < SIZE; i++) {
        r[k * SIZE + i] = (float) ((i == k ? 1 : 0) - 2 * v[k] * v[i] / vv);
      }
    }
    for (int i = 0; i < SIZE; i++) {
      for (int j = 0; j < SIZE; j++) {
        wanted[i * SIZE + j] = i == j ? 1 : 0;
        for (int k = 0; k < count; k++) {
          wanted[i * SIZE + j] -= (double) r[k * SIZE + i] * r[k * SIZE + j];
        }
      }
    }
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, SIZE, form, Norm.NONE)) {
      projector.absorb(r, count, 1e-6);
      assertArrayEquals(wanted, projector.matrix(), 5e-6);
    }
  }

  /** What a step along the gradient does to the logits of features that were absorbed before. */
  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void theLogitsOfAbsorbedFeaturesDriftByAlphaOverAlphaPlusRPR(Target target, Form form) {
    int classes = 4;
    double alpha = 0.05;
    float[] r = normal(7, SIZE, 1);
    float[] gradient = normal(8, classes * SIZE, 1);
    try (Context context = target.open();
        RlsProjector projector = new RlsProjector(context, SIZE, form, Norm.NONE)) {
      projector.absorb(r, alpha);
      float[] projected = gradient.clone();
      projector.project(projected, classes);
      double factor = alpha / (alpha + dot(doubles(r), r));
      assertTrue(factor < 0.01, "the feature is too small for this test: " + factor);
      for (int k = 0; k < classes; k++) {
        double drift = dot(doubles(rows(gradient, k, 1, SIZE)), r);
        assertEquals(
            factor * drift,
            dot(doubles(rows(projected, k, 1, SIZE)), r),
            tolerance(target, 1e-4, 1e-5));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void aFactoredGradientIsProjectedAsTheWholeOne(Target target, Form form) {
    int classes = 11;
    float[] features = normal(9, 8 * SIZE, 1);
    for (int n : new int[] {1, 4, 11, 30}) {
      float[] e = normal(10, n * classes, 1);
      float[] h = normal(11, n * SIZE, 1);
      float[] whole = new float[classes * SIZE];
      for (int k = 0; k < classes; k++) {
        for (int j = 0; j < SIZE; j++) {
          double sum = 0;
          for (int i = 0; i < n; i++) {
            sum += (double) e[i * classes + k] * h[i * SIZE + j];
          }
          whole[k * SIZE + j] = (float) (sum / n);
        }
      }
      try (Context context = target.open();
          RlsProjector projector = new RlsProjector(context, SIZE, form, Norm.FRO)) {
        projector.absorb(features, 8, 1);
        float[] out = new float[classes * SIZE];
        projector.projectFactored(e, h, n, classes, 1.0 / n, out);
        projector.project(whole, classes);
        assertArrayEquals(whole, out, 1e-6f, n + " samples");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void aStepIsAProjectionAndAnAbsorptionInItsOrder(Target target, Form form) {
    int classes = 5;
    float[] features = normal(12, 24 * SIZE, 1);
    float[] gradient = normal(13, classes * SIZE, 1);
    for (Norm norm : Norm.values()) {
      for (Order order : Order.values()) {
        try (Context context = target.open();
            RlsProjector fused = new RlsProjector(context, SIZE, form, norm);
            RlsProjector apart = new RlsProjector(context, SIZE, form, norm)) {
          for (int t = 0; t < 24; t++) {
            float[] r = rows(features, t, 1, SIZE);
            float[] got = gradient.clone();
            fused.step(r, 0.5, got, classes, order);
            float[] wanted = gradient.clone();
            if (order == Order.ABSORB_THEN_PROJECT) {
              apart.absorb(r, 0.5);
            }
            apart.project(wanted, classes);
            float[] other = wanted;
            if (order == Order.PROJECT_THEN_ABSORB) {
              apart.absorb(r, 0.5);
              other = gradient.clone();
              apart.project(other, classes);
            }
            String where = norm + " " + order + " update " + t;
            assertArrayEquals(wanted, got, 5e-5f, where);
            assertArrayEquals(apart.matrix(), fused.matrix(), 2e-5, where);
            if (order == Order.PROJECT_THEN_ABSORB) {
              assertNotEquals(other[0], wanted[0], "the orders do not differ: " + where);
            }
          }
          assertEquals(24, fused.absorbed());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void aFactoredStepOfABlockIsBothApart(Target target, Form form) {
    int classes = 9;
    int n = 4;
    int b = 3;
    float[] features = normal(14, b * SIZE, 1);
    float[] e = normal(15, n * classes, 1);
    float[] h = normal(16, n * SIZE, 1);
    for (Order order : Order.values()) {
      try (Context context = target.open();
          RlsProjector fused = new RlsProjector(context, SIZE, form, Norm.FRO);
          RlsProjector apart = new RlsProjector(context, SIZE, form, Norm.FRO)) {
        float[] got = new float[classes * SIZE];
        fused.stepFactored(features, b, 0.5, e, h, n, classes, 0.25, got, order);
        float[] wanted = new float[classes * SIZE];
        if (order == Order.ABSORB_THEN_PROJECT) {
          apart.absorb(features, b, 0.5);
        }
        apart.projectFactored(e, h, n, classes, 0.25, wanted);
        if (order == Order.PROJECT_THEN_ABSORB) {
          apart.absorb(features, b, 0.5);
        }
        assertArrayEquals(wanted, got, 2e-5f, order.toString());
        assertArrayEquals(apart.matrix(), fused.matrix(), 2e-5);
      }
    }
  }

  /**
   * Methods 6.4: after 2,000 updates Potter's form is within 4.9e-6 of the exact inverse (1.9e-5
   * for features ten times as large) and positive semi-definite, the plain one within 2.4e-4.
   */
  @ParameterizedTest
  @MethodSource("natives")
  void thousandsOfUpdatesKeepTheProjectorCloseToTheInverse(Target target) {
    int size = 512;
    int updates = 2000;
    for (double scale : new double[] {1, 10}) {
      float[] features = normal(17, updates * size, scale);
      RealMatrix exact = inverse(features, size, 1);
      try (Context context = target.open();
          RlsProjector potter = new RlsProjector(context, size, Form.POTTER, Norm.NONE);
          RlsProjector plain = new RlsProjector(context, size, Form.PLAIN, Norm.NONE)) {
        for (int t = 0; t < updates; t++) {
          float[] r = rows(features, t, 1, size);
          potter.absorb(r, 1);
          if (scale == 1) {
            plain.absorb(r, 1);
          }
        }
        RealMatrix p = square(potter.matrix(), size);
        double error = relativeError(p, exact);
        assertTrue(error <= (scale == 1 ? 1e-5 : 4e-5), "x" + scale + ": " + error);
        for (double eigenvalue : new EigenDecomposition(p).getRealEigenvalues()) {
          assertTrue(eigenvalue > 0, "eigenvalue " + eigenvalue);
        }
        if (scale == 1) {
          double plainError = relativeError(square(plain.matrix(), size), exact);
          assertTrue(plainError <= 5e-4, "plain: " + plainError);
        }
      }
    }
  }
}
