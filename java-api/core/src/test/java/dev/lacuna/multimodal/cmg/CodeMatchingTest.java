package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Code matching and the distances it is made of, by their formulas. */
final class CodeMatchingTest {
  private static final int SEQUENCES = 3;
  private static final int EACH = 4;
  private static final int WIDTH = 5;
  private static final int CODES = 6;

  /** Numbers that a float holds, so that every back end starts from the same. */
  private static double[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(3, stream, 0);
    return IntStream.range(0, count).mapToDouble(i -> (float) random.normal(i)).toArray();
  }

  private static double[][] probabilities(int stream) {
    return PlainCmg.softmax(PlainCmg.rows(normal(stream, SEQUENCES * CODES), CODES));
  }

  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-12", "reference, 1e-5"})
  void lossAndGradientOfSpreadsAreTheClosedForm(String backend, double tolerance) {
    double[][] a = probabilities(0);
    double[][] b = probabilities(1);
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Tensor ofA = tape.input(PlainCmg.flat(a), SEQUENCES, CODES).requiresGrad();
      Tensor ofB = tape.input(PlainCmg.flat(b), SEQUENCES, CODES).requiresGrad();
      Tensor loss = CodeMatching.loss(ofA, ofB);
      assertEquals(PlainCmg.matching(a, b), loss.toDoubleArray()[0], tolerance);
      loss.backward();
      assertArrayEquals(gradient(a, b), ofA.gradAsDoubles(), tolerance);
      assertArrayEquals(gradient(b, a), ofB.gradAsDoubles(), tolerance);
    }
  }

  /** Of a: G log b + (G^T b) / a with G = (softmax(S) - I) / 2B; S is the same for both orders. */
  private static double[] gradient(double[][] a, double[][] b) {
    double[][] g = PlainCmg.softmax(PlainCmg.scores(a, b));
    double[][] gradient = new double[a.length][a[0].length];
    for (int i = 0; i < a.length; i++) {
      g[i][i] -= 1;
    }
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        for (int k = 0; k < a[0].length; k++) {
          double of = g[i][j] * Math.log(b[j][k] + 1e-10) + g[j][i] * b[j][k] / (a[i][k] + 1e-10);
          gradient[i][k] += of / (2 * a.length);
        }
      }
    }
    return PlainCmg.flat(gradient);
  }

  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-12, 1e-8", "reference, 1e-5, 1e-5"})
  void lossAndGradientOfRowsAreThoseOfTheFormula(
      String backend, double tolerance, double ofGradient) {
    double[] a = normal(2, SEQUENCES * EACH * WIDTH);
    double[] b = normal(3, SEQUENCES * EACH * WIDTH);
    double[] codes = normal(4, CODES * WIDTH);
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Steps steps = new Steps(SEQUENCES, EACH);
      Tensor za = tape.input(a, SEQUENCES * EACH, WIDTH).requiresGrad();
      Tensor zb = tape.input(b, SEQUENCES * EACH, WIDTH).requiresGrad();
      Tensor e = tape.input(codes, CODES, WIDTH);
      Tensor spread = CodeMatching.spread(za, steps, e);
      assertArrayEquals(
          PlainCmg.flat(
              PlainCmg.spread(PlainCmg.rows(a, WIDTH), EACH, PlainCmg.rows(codes, WIDTH))),
          spread.toDoubleArray(),
          tolerance);
      Tensor loss = CodeMatching.loss(spread, CodeMatching.spread(zb, steps, e));
      assertEquals(ofRows(a, b, codes), loss.toDoubleArray()[0], tolerance);
      loss.backward();
      assertArrayEquals(
          PlainDifference.of(a, moved -> ofRows(moved, b, codes)), za.gradAsDoubles(), ofGradient);
      assertArrayEquals(
          PlainDifference.of(b, moved -> ofRows(a, moved, codes)), zb.gradAsDoubles(), ofGradient);
    }
  }

  private static double ofRows(double[] a, double[] b, double[] codes) {
    double[][] e = PlainCmg.rows(codes, WIDTH);
    return PlainCmg.matching(
        PlainCmg.spread(PlainCmg.rows(a, WIDTH), EACH, e),
        PlainCmg.spread(PlainCmg.rows(b, WIDTH), EACH, e));
  }

  /** 50 away from the origin floats have 4e-6 between them, and squares of norms 1e-3. */
  @ParameterizedTest
  @CsvSource({
    "reference-f64, 0, 1e-13",
    "reference-f64, 50, 1e-10",
    "reference, 0, 2e-6",
    "reference, 50, 1e-4"
  })
  void distancesAreThoseOfRowsAndTheirGradientPointsAway(
      String backend, double shift, double tolerance) {
    double[] z = shifted(normal(5, EACH * WIDTH), shift);
    double[] codes = shifted(normal(6, CODES * WIDTH), shift);
    double[] weight = normal(7, EACH * CODES);
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Tensor rows = tape.input(z, EACH, WIDTH).requiresGrad();
      Tensor e = tape.input(codes, CODES, WIDTH).requiresGrad();
      Tensor distances = CodeDistances.of(rows, e);
      Tensor weighted = ElementwiseOp.mul(distances, tape.input(weight, EACH, CODES));
      ReduceOp.sum(weighted, Over.ALL).backward();
      double[] distance = new double[EACH * CODES];
      double[] gradient = new double[EACH * WIDTH];
      for (int i = 0; i < EACH; i++) {
        for (int k = 0; k < CODES; k++) {
          int at = i * CODES + k;
          distance[at] =
              Math.sqrt(
                  PlainCmg.squares(PlainCmg.rows(z, WIDTH)[i], PlainCmg.rows(codes, WIDTH)[k]));
          for (int d = 0; d < WIDTH; d++) {
            double difference = z[i * WIDTH + d] - codes[k * WIDTH + d];
            gradient[i * WIDTH + d] += weight[at] * difference / distance[at];
          }
        }
      }
      assertArrayEquals(distance, distances.toDoubleArray(), tolerance);
      assertArrayEquals(gradient, rows.gradAsDoubles(), 10 * tolerance);
    }
  }

  private static double[] shifted(double[] values, double shift) {
    return IntStream.range(0, values.length)
        .mapToDouble(i -> (float) (values[i] + shift))
        .toArray();
  }

  /** The squares cancel to a few 1e-17 or 1e-8, of either sign. */
  @ParameterizedTest
  @CsvSource({"reference-f64, 1e-6, 1e-6", "reference, 1e-6, 2e-3"})
  void aRowThatIsACodeIsAtTheLeastDistanceAndHasAFiniteGradient(
      String backend, double least, double most) {
    double[] codes = normal(8, CODES * WIDTH);
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Tensor rows = tape.input(codes, CODES, WIDTH).requiresGrad();
      Tensor distances = CodeDistances.of(rows, tape.input(codes, CODES, WIDTH));
      ReduceOp.sum(distances, Over.ALL).backward();
      for (int k = 0; k < CODES; k++) {
        double own = distances.toDoubleArray()[k * CODES + k];
        assertEquals((least + most) / 2, own, (most - least) / 2 + 1e-12, "code " + k);
      }
      for (double value : rows.gradAsDoubles()) {
        assertEquals(0, value, 2 * CODES, "a sum of " + CODES + " unit vectors");
      }
    }
  }
}
