package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.kernels.VicReg.Form;
import dev.lacuna.kernels.VicReg.Loss;
import dev.lacuna.kernels.VicReg.Options;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.stat.correlation.Covariance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of VICReg whatever the numbers are. */
final class VicRegTest {
  private static final long SEED = Long.getLong("lacuna.test.seed", 8);
  private static final Options OPTIONS = Options.DEFAULT;

  static Stream<Arguments> targetsAndForms() {
    return PropertyTest.targets().stream()
        .flatMap(target ->
            Stream.of(Form.COVARIANCE, Form.GRAM).map(form -> Arguments.of(target, form)));
  }

  static List<Target> targets() {
    return PropertyTest.targets();
  }

  /** Multiples of 1/1024, so that adding 50 to one rounds nothing. */
  private static float[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(SEED, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Math.round(1024 * random.normal(i)) / 1024f;
    }
    return values;
  }

  private record Result(Loss loss, float[] dx, float[] dy) {}

  private static Result run(Target target, float[] x, float[] y, int n, int d, Options options) {
    float[] dx = new float[n * d];
    float[] dy = new float[n * d];
    try (Context context = target.open()) {
      return new Result(VicReg.lossAndGrad(context, x, y, n, d, options, dx, dy), dx, dy);
    }
  }

  private static void assertClose(float[] wanted, float[] got, double tolerance, Target target) {
    double largest = 0;
    for (float value : wanted) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertArrayEquals(wanted, got, (float) (tolerance * largest), target.toString());
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void aConstantBatchHasVarianceTermGammaLessRootEpsilonAndNoGradient(Target target, Form form) {
    int n = 37;
    int d = 51;
    float[] x = new float[n * d];
    for (int i = 0; i < x.length; i++) {
      x[i] = 0.1f * (i % d) - 1.7f;
    }
    Result result = run(target, x, x, n, d, OPTIONS.withForm(form));
    assertEquals(0, result.loss.invariance());
    assertEquals(0.99, result.loss.varianceX(), 1e-6);
    assertEquals(0.99, result.loss.varianceY(), 1e-6);
    assertEquals(0, result.loss.covarianceX());
    for (int i = 0; i < x.length; i++) {
      assertTrue(result.dx[i] == 0 && result.dy[i] == 0, "gradient at " + i + " on " + target);
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void twoRowsHaveTheTermsOfTheirDifference(Target target, Form form) {
    int d = 29;
    float[] x = normal(0, 2 * d);
    double sum = 0;
    double squares = 0;
    double hinges = 0;
    for (int j = 0; j < d; j++) {
      double variance = Math.pow((double) x[j] - x[d + j], 2) / 2;
      sum += variance;
      squares += variance * variance;
      hinges += Math.max(0, 1 - Math.sqrt(variance + 1e-4));
    }
    Loss loss = run(target, x, x, 2, d, OPTIONS.withForm(form)).loss;
    double covariance = (sum * sum - squares) / d;
    assertEquals(hinges / d, loss.varianceX(), 1e-6);
    assertEquals(covariance, loss.covarianceX(), 1e-5 * covariance);
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void whitenedDataHaveNoVarianceAndNoCovarianceTerm(Target target, Form form) {
    int n = 60;
    int d = 20;
    // The first column of ones makes the others of Q sum to 0.
    RealMatrix z = new Array2DRowRealMatrix(n, d + 1);
    float[] noise = normal(1, n * d);
    for (int i = 0; i < n; i++) {
      z.setEntry(i, 0, 1);
      for (int j = 0; j < d; j++) {
        z.setEntry(i, j + 1, noise[i * d + j]);
      }
    }
    RealMatrix q = new QRDecomposition(z).getQ().scalarMultiply(1.01 * Math.sqrt(n - 1));
    float[] x = new float[n * d];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) q.getEntry(i / d, 1 + i % d);
    }
    Loss loss = run(target, x, x, n, d, OPTIONS.withForm(form)).loss;
    assertEquals(0, loss.varianceX());
    assertEquals(0, loss.covarianceX(), 1e-6);
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void addingAConstantVectorChangesNeitherTermsNorGradients(Target target, Form form) {
    int n = 45;
    int d = 53;
    Options options = OPTIONS.withWeights(0, 25, 1).withForm(form);
    float[] x = normal(2, n * d);
    float[] shifted = x.clone();
    for (int i = 0; i < x.length; i++) {
      shifted[i] += i % d % 2 == 0 ? 50 : -50;
    }
    Result plain = run(target, x, x, n, d, options);
    Result moved = run(target, shifted, shifted, n, d, options);
    assertEquals(plain.loss.varianceX(), moved.loss.varianceX(), 1e-5);
    assertEquals(plain.loss.covarianceX(), moved.loss.covarianceX(), 1e-5);
    assertClose(plain.dx, moved.dx, 1e-5, target);
  }

  @ParameterizedTest
  @MethodSource("targets")
  void bothFormsGiveTheSameLossAndGradients(Target target) {
    for (int[] shape : new int[][] {{40, 90}, {90, 40}, {64, 64}}) {
      int n = shape[0];
      int d = shape[1];
      float[] x = normal(3, n * d);
      float[] y = normal(4, n * d);
      Result gram = run(target, x, y, n, d, OPTIONS.withForm(Form.GRAM));
      Result covariance = run(target, x, y, n, d, OPTIONS.withForm(Form.COVARIANCE));
      assertEquals(covariance.loss.value(), gram.loss.value(), 1e-6 * covariance.loss.value());
      assertClose(covariance.dx, gram.dx, 1e-5, target);
      assertClose(covariance.dy, gram.dy, 1e-5, target);
    }
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void swappingTheViewsSwapsTermsAndGradients(Target target, Form form) {
    int n = 33;
    int d = 70;
    float[] x = normal(5, n * d);
    float[] y = normal(6, n * d);
    Options options = OPTIONS.withForm(form);
    Result one = run(target, x, y, n, d, options);
    Result other = run(target, y, x, n, d, options);
    assertEquals(one.loss.value(), other.loss.value(), 1e-6 * one.loss.value());
    assertEquals(one.loss.invariance(), other.loss.invariance());
    assertEquals(one.loss.varianceX(), other.loss.varianceY());
    assertEquals(one.loss.covarianceX(), other.loss.covarianceY());
    assertClose(one.dx, other.dy, 1e-6, target);
    assertClose(one.dy, other.dx, 1e-6, target);
  }

  @ParameterizedTest
  @MethodSource("targetsAndForms")
  void termsAreThoseOfTheCovarianceMatrix(Target target, Form form) {
    int n = 50;
    int d = 64;
    float[] x = normal(7, n * d);
    double[][] rows = new double[n][d];
    for (int i = 0; i < x.length; i++) {
      rows[i / d][i % d] = x[i];
    }
    double[][] covariance = new Covariance(rows).getCovarianceMatrix().getData();
    double hinges = 0;
    double squares = 0;
    for (int i = 0; i < d; i++) {
      hinges += Math.max(0, 1 - Math.sqrt(covariance[i][i] + 1e-4));
      covariance[i][i] = 0;
      squares += Arrays.stream(covariance[i]).map(entry -> entry * entry).sum();
    }
    Loss loss = run(target, x, x, n, d, OPTIONS.withForm(form)).loss;
    assertEquals(hinges / d, loss.varianceX(), 1e-6);
    assertEquals(squares / d, loss.covarianceX(), 1e-5 * squares / d);
  }
}
