package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.spi.Memory;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** P on the host in double precision, and what methods 4.3 says of the recursion. */
final class HostProjectorTest {
  private static final int SIZE = 6;
  private static final int ROWS = 3;
  private static final double ALPHA = 0.05;

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final Memory features = context.allocate(8 * SIZE);
  private final Memory gradient = context.allocate(8 * SIZE * ROWS);

  @AfterEach
  void close() {
    context.close();
  }

  private HostProjector projector(Norm norm, Denominator denominator, double forgetting) {
    return new HostProjector(context, SIZE, norm, denominator, forgetting);
  }

  private static double[] normals(int stream, int count) {
    CounterRandom random = new CounterRandom(11, stream, 0);
    double[] values = new double[count];
    Arrays.setAll(values, random::normal);
    return values;
  }

  /** Rectified, as features are. */
  private static double[] vector(int stream) {
    return Arrays.stream(normals(stream, SIZE)).map(v -> Math.max(v, 0)).toArray();
  }

  private void absorb(Projector projector, double[] r, double alpha) {
    context.write(features, 0, r);
    projector.absorb(features, 0, alpha);
  }

  private double[] step(Projector projector, double[] r, double alpha, double[] g, Order order) {
    context.write(features, 0, r);
    context.write(gradient, 0, g);
    projector.step(features, 0, alpha, gradient, 0, ROWS, order);
    return context.read(gradient, 0, SIZE * ROWS);
  }

  private static double norm(double[] values) {
    return Math.sqrt(Arrays.stream(values).map(v -> v * v).sum());
  }

  /** x^T P x. */
  private static double form(double[] p, double[] x) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += x[i / SIZE] * p[i] * x[i % SIZE];
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, PROJECT_THEN_ABSORB", "NONE, ABSORB_THEN_PROJECT",
    "FRO, PROJECT_THEN_ABSORB", "FRO, ABSORB_THEN_PROJECT"
  })
  void withoutForgettingItIsTheProperProjector(Norm norm, Order order) {
    try (RlsProjector proper = new RlsProjector(context, SIZE, norm)) {
      HostProjector host = projector(norm, Denominator.SCALAR, 1);
      for (int t = 0; t < 10; t++) {
        double[] g = normals(100 + t, SIZE * ROWS);
        double[] wanted = step(proper, vector(t), ALPHA, g, order);
        assertArrayEquals(wanted, step(host, vector(t), ALPHA, g, order), 1e-12, "step " + t);
        assertArrayEquals(proper.matrix(), host.matrix(), 1e-12);
        assertEquals(proper.absorbed(), host.absorbed());
        assertEquals(proper.isFresh(), host.isFresh());
      }
      proper.reset();
      host.reset();
      assertTrue(host.isFresh() && proper.isFresh());
      assertArrayEquals(proper.matrix(), host.matrix());
    }
  }

  /** Methods 4.3: FRO with alpha is NONE with alpha ||P|| of before, divided by ||P|| of after. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void frobeniusIsTheUnnormalisedRecursionWithAnotherAlphaAndRate(boolean onTheHost) {
    try (Projector fro = open(onTheHost, Norm.FRO);
        Projector none = open(onTheHost, Norm.NONE)) {
      double before = 1; // P is I, not I / ||I||, before the first vector
      for (int t = 0; t < 10; t++) {
        double alpha = Math.pow(0.1, 1 + t / 10.0);
        double[] g = normals(100 + t, SIZE * ROWS);
        double[] projected = step(fro, vector(t), alpha, g, Order.ABSORB_THEN_PROJECT);
        double[] plain = step(none, vector(t), alpha * before, g, Order.ABSORB_THEN_PROJECT);
        before = norm(none.matrix());
        double rate = 1 / before;
        double[] slower = Arrays.stream(plain).map(v -> rate * v).toArray();
        assertArrayEquals(slower, projected, 1e-12, "step " + t);
        assertEquals(1, norm(fro.matrix()), 1e-12);
      }
    }
  }

  private Projector open(boolean onTheHost, Norm norm) {
    return onTheHost
        ? projector(norm, Denominator.SCALAR, 1)
        : new RlsProjector(context, SIZE, norm);
  }

  /** Methods 4.3: the inverse of P is I + sum r r^T / alpha. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theInverseAddsUpWhatWasAbsorbed(boolean onTheHost) {
    double[] inverse = new double[SIZE * SIZE];
    for (int i = 0; i < SIZE; i++) {
      inverse[i * SIZE + i] = 1;
    }
    try (Projector projector = open(onTheHost, Norm.NONE)) {
      for (int t = 0; t < 4; t++) {
        double[] r = vector(t);
        double alpha = 0.1 * (t + 1);
        absorb(projector, r, alpha);
        for (int i = 0; i < inverse.length; i++) {
          inverse[i] += r[i / SIZE] * r[i % SIZE] / alpha;
        }
      }
      double[] p = projector.matrix();
      for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
          double product = 0;
          for (int k = 0; k < SIZE; k++) {
            product += p[i * SIZE + k] * inverse[k * SIZE + j];
          }
          assertEquals(i == j ? 1 : 0, product, 1e-12);
        }
      }
    }
  }

  @Test
  void theElementwiseDenominatorIsTheOfficialCodes() {
    // P = I, r = (1, 2), alpha 1: k = r, and ki kj / (1 + ki rj) = {{1/2, 2/3}, {2/3, 4/5}}.
    HostProjector projector =
        new HostProjector(context, 2, Norm.NONE, Denominator.ELEMENTWISE_COMPAT, 1);
    context.write(features, 0, new double[] {1, 2});
    projector.absorb(features, 0, 1);
    double[] first = {0.5, -2 / 3.0, -2 / 3.0, 0.2};
    assertArrayEquals(first, projector.matrix(), 1e-15);

    // r = (1, 0): k = (1/2, -2/3) and ki rj = {{1/2, 0}, {-2/3, 0}}, so that with alpha 1
    // ki kj / (1 + ki rj) = {{1/6, -1/3}, {-1, 4/9}}: no longer symmetric.
    context.write(features, 0, new double[] {1, 0});
    projector.absorb(features, 0, 1);
    double[] second = {1 / 3.0, -1 / 3.0, 1 / 3.0, 1 / 5.0 - 4 / 9.0};
    assertArrayEquals(second, projector.matrix(), 1e-15);

    // A gradient is multiplied by the transpose: (1, 0) P^T is the first column of P.
    context.write(gradient, 0, new double[] {1, 0});
    projector.project(gradient, 0, 1);
    assertArrayEquals(new double[] {1 / 3.0, 1 / 3.0}, context.read(gradient, 0, 2), 1e-15);
  }

  @Test
  void theElementwiseDenominatorMakesPNeitherSymmetricNorDefinite() {
    HostProjector proper = projector(Norm.FRO, Denominator.SCALAR, 1);
    HostProjector faulty = projector(Norm.FRO, Denominator.ELEMENTWISE_COMPAT, 1);
    for (int t = 0; t < 100; t++) {
      absorb(proper, vector(t), ALPHA);
      absorb(faulty, vector(t), ALPHA);
    }
    double[] good = proper.matrix();
    double[] bad = faulty.matrix();
    assertTrue(asymmetry(good) < 1e-15 && cholesky(good), Arrays.toString(good));
    assertTrue(asymmetry(bad) > 0.1 && !cholesky(symmetric(bad)), Arrays.toString(bad));
  }

  private static double asymmetry(double[] p) {
    double[] symmetric = symmetric(p);
    double largest = 0;
    for (int i = 0; i < p.length; i++) {
      largest = Math.max(largest, 2 * Math.abs(p[i] - symmetric[i]));
    }
    return largest;
  }

  private static double[] symmetric(double[] p) {
    double[] symmetric = new double[p.length];
    Arrays.setAll(symmetric, i -> (p[i] + p[i % SIZE * SIZE + i / SIZE]) / 2);
    return symmetric;
  }

  @Test
  void whatIsRememberedFadesByTheForgettingFactor() {
    HostProjector projector = projector(Norm.NONE, Denominator.SCALAR, 0.9);
    double[] r = vector(0);
    absorb(projector, r, ALPHA);
    double before = 1 - form(projector.matrix(), r) / form(identity(), r);
    assertTrue(before > 0.9, "hardly anything is remembered: " + before);
    for (int t = 1; t <= 20; t++) {
      absorb(projector, new double[SIZE], ALPHA); // teaches nothing
      double after = 1 - form(projector.matrix(), r) / form(identity(), r);
      assertEquals(before * Math.pow(0.9, t), after, 1e-12, "after " + t);
    }
  }

  private static double[] identity() {
    double[] identity = new double[SIZE * SIZE];
    for (int i = 0; i < SIZE; i++) {
      identity[i * SIZE + i] = 1;
    }
    return identity;
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void withForgettingPStaysSymmetricAndPositiveDefiniteAndBounded(Norm norm) {
    HostProjector projector = projector(norm, Denominator.SCALAR, 0.95);
    for (int t = 0; t < 500; t++) {
      double[] r = vector(t % 2); // most directions are never absorbed: no wind-up there
      absorb(projector, r, 0.01);
    }
    double[] p = projector.matrix();
    assertTrue(asymmetry(p) < 1e-14, "P is not symmetric");
    double largest = 0;
    for (int t = 0; t < 200; t++) {
      double[] x = normals(1000 + t, SIZE);
      double gain = form(p, x) / form(identity(), x);
      assertTrue(gain > 0, "x P x is " + gain);
      largest = Math.max(largest, gain);
    }
    assertTrue(largest <= 1 + 1e-12, "P grew to " + largest);
    assertTrue(cholesky(p), "P is not positive definite");
  }

  /** Whether a symmetric matrix has a Cholesky factor. */
  private static boolean cholesky(double[] matrix) {
    double[] l = matrix.clone();
    for (int j = 0; j < SIZE; j++) {
      if (!(l[j * SIZE + j] > 0)) {
        return false;
      }
      for (int i = j + 1; i < SIZE; i++) {
        for (int k = j + 1; k < SIZE; k++) {
          l[i * SIZE + k] -= l[i * SIZE + j] * l[j * SIZE + k] / l[j * SIZE + j];
        }
      }
    }
    return true;
  }

  @ParameterizedTest
  @EnumSource(Denominator.class)
  void whatCannotBeAbsorbedLeavesPAndTheGradient(Denominator denominator) {
    HostProjector projector = projector(Norm.FRO, denominator, 0.9);
    absorb(projector, vector(0), ALPHA);
    double[] p = projector.matrix();
    double[] g = normals(1, SIZE * ROWS);
    double[] bad = vector(1);
    bad[3] = Double.POSITIVE_INFINITY;
    LacunaException e =
        assertThrows(
            LacunaException.class, () -> step(projector, bad, ALPHA, g, Order.PROJECT_THEN_ABSORB));
    assertEquals(Status.NON_FINITE, e.status());
    assertTrue(e.getMessage().contains("r[0, 3] is Infinity"), e.getMessage());
    for (double alpha : new double[] {0, 1e-7, Double.NaN, Double.POSITIVE_INFINITY}) {
      e =
          assertThrows(
              LacunaException.class,
              () -> step(projector, vector(1), alpha, g, Order.ABSORB_THEN_PROJECT));
      assertTrue(e.getMessage().contains("alpha is " + alpha), e.getMessage());
    }
    double[] huge = new double[SIZE];
    Arrays.fill(huge, 1e200);
    e =
        assertThrows(
            LacunaException.class,
            () -> step(projector, huge, ALPHA, g, Order.ABSORB_THEN_PROJECT));
    assertTrue(e.getMessage().contains("||P||^2"), e.getMessage());
    assertArrayEquals(p, projector.matrix());
    assertArrayEquals(g, context.read(gradient, 0, SIZE * ROWS));
    assertEquals(1, projector.absorbed());
    assertFalse(projector.isFresh());
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new HostProjector(context, 0, Norm.NONE, Denominator.SCALAR, 1));
    for (double forgetting : new double[] {0, -1, 1.5, Double.NaN}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> projector(Norm.NONE, Denominator.SCALAR, forgetting));
    }
  }
}
