package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.optim.AdamW;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The bound of mutual information and what its network is fitted by, by their formulas. */
final class ClubTest {
  private static final int SEQUENCES = 4;
  private static final int EACH = 3;
  private static final int ROWS = SEQUENCES * EACH;
  private static final int X = 5;
  private static final int Y = 4;

  /** Sequence 1 takes the place of itself. */
  private static final int[] OTHER = {2, 1, 3, 0};

  private static final double[][] SEMANTIC = PlainCmg.rows(normal(0, ROWS * X), X);
  private static final double[][] SPECIFIC = PlainCmg.rows(normal(1, ROWS * Y), Y);

  private static double[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(5, stream, 0);
    return IntStream.range(0, count).mapToDouble(i -> (float) random.normal(i)).toArray();
  }

  /** A network whose biases are not 0. */
  private static final class Net implements AutoCloseable {
    final Context context;
    final ParameterStore store;
    final Tape tape;
    final ParameterGroup group;
    final Club club;
    final PlainClub plain;

    Net(String backend, MutualInformation mode) {
      context = Lacuna.open(Device.parse(backend));
      store = new ParameterStore(context);
      tape = new Tape(context);
      group = store.group("a");
      club = new Club(group, "club", X, Y, mode, new CounterRandom(6, 0, 0));
      plain = new PlainClub(group, mode);
      for (Parameter parameter : store.parameters()) {
        double[] value = parameter.get();
        double[] noise = normal(parameter.name().hashCode(), value.length);
        Arrays.setAll(value, i -> (float) (value[i] + 0.05 * noise[i]));
        parameter.set(value);
      }
    }

    Tensor x() {
      return tape.input(PlainCmg.flat(SEMANTIC), ROWS, X).requiresGrad();
    }

    Tensor y() {
      return tape.input(PlainCmg.flat(SPECIFIC), ROWS, Y).requiresGrad();
    }

    @Override
    public void close() {
      tape.close();
      store.close();
      context.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, STANDARD, 1e-11",
    "reference-f64, CMG, 1e-11",
    "reference-f64, UNBOUNDED, 1e-11",
    "reference, STANDARD, 2e-5",
    "reference, CMG, 2e-5",
    "reference, UNBOUNDED, 2e-5"
  })
  void misfitAndEstimateAreThoseOfTheFormulas(
      String backend, MutualInformation mode, double tolerance) {
    try (Net net = new Net(backend, mode)) {
      double misfit = net.club.misfit(net.x(), net.y()).toDoubleArray()[0];
      assertEquals(net.plain.misfit(SEMANTIC, SPECIFIC), misfit, tolerance);
      Tensor estimate = net.club.estimate(net.x(), net.y(), new Steps(SEQUENCES, EACH), OTHER);
      double wanted = net.plain.estimate(SEMANTIC, SPECIFIC, EACH, OTHER);
      assertEquals(wanted, estimate.toDoubleArray()[0], tolerance);
      assertTrue(Math.abs(wanted) > 0.01, "an estimate of " + wanted + " would show little");
    }
  }

  @ParameterizedTest
  @EnumSource(MutualInformation.class)
  void theGradientOfSpecificFeaturesIsTheClosedForm(MutualInformation mode) {
    try (Net net = new Net("reference-f64", mode)) {
      Tensor y = net.y();
      net.club.estimate(net.x(), y, new Steps(SEQUENCES, EACH), OTHER).backward();
      double[][] mu = net.plain.mu(SEMANTIC);
      double[][] variance = variance(net, mode);
      double[][] wanted = new double[ROWS][Y];
      for (int i = 0; i < ROWS; i++) {
        int from = OTHER[i / EACH] * EACH + i % EACH;
        for (int d = 0; d < Y; d++) {
          double v = variance[i][d];
          wanted[i][d] += (mu[i][d] - SPECIFIC[i][d]) / (ROWS * v);
          wanted[from][d] -= (mu[i][d] - SPECIFIC[from][d]) / (ROWS * v);
        }
      }
      assertArrayEquals(PlainCmg.flat(wanted), y.gradAsDoubles(), 1e-11);
      for (int i = EACH; i < 2 * EACH; i++) {
        assertArrayEquals(new double[Y], wanted[i], 1e-15, "a sequence in place of itself");
      }
    }
  }

  /** Of each row: its own, or exp of the mean of its sequence's logarithms. */
  private static double[][] variance(Net net, MutualInformation mode) {
    double[][] lv = net.plain.logVariance(SEMANTIC);
    double[][] variance = new double[ROWS][Y];
    for (int i = 0; i < ROWS; i++) {
      for (int d = 0; d < Y; d++) {
        double sum = 0;
        for (int t = 0; t < EACH; t++) {
          sum += lv[i / EACH * EACH + t][d] / EACH;
        }
        variance[i][d] = Math.exp(mode == MutualInformation.CMG ? sum : lv[i][d]);
      }
    }
    return variance;
  }

  /** The last layers' gradients are those of mu and lv times what the layers read. */
  @ParameterizedTest
  @EnumSource(MutualInformation.class)
  void theGradientsOfMeanAndLogVarianceAreTheClosedForms(MutualInformation mode) {
    try (Net net = new Net("reference-f64", mode)) {
      net.club.estimate(net.x(), net.y(), new Steps(SEQUENCES, EACH), OTHER).backward();
      double[][] mu = net.plain.mu(SEMANTIC);
      double[][] lv = net.plain.logVariance(SEMANTIC);
      double[][] variance = variance(net, mode);
      double[][] ofMu = new double[ROWS][Y];
      double[][] ofLv = new double[ROWS][Y];
      for (int i = 0; i < ROWS; i++) {
        for (int d = 0; d < Y; d++) {
          double v = variance[i][d];
          double foreign = SPECIFIC[OTHER[i / EACH] * EACH + i % EACH][d];
          ofMu[i][d] = (SPECIFIC[i][d] - foreign) / (ROWS * v);
          double excess = PlainCmg.square(SPECIFIC[i][d] - mu[i][d]);
          excess -= PlainCmg.square(foreign - mu[i][d]);
          int first = mode == MutualInformation.CMG ? i / EACH * EACH : i;
          int count = mode == MutualInformation.CMG ? EACH : 1;
          for (int t = first; t < first + count; t++) {
            ofLv[t][d] += excess / v / count / (2.0 * ROWS);
          }
        }
      }
      if (mode != MutualInformation.UNBOUNDED) {
        for (int i = 0; i < ROWS; i++) {
          for (int d = 0; d < Y; d++) {
            ofLv[i][d] *= 1 - lv[i][d] * lv[i][d];
          }
        }
      }
      assertLastLayer(net, "mu", ofMu);
      assertLastLayer(net, "logvar", ofLv);
    }
  }

  private static void assertLastLayer(Net net, String name, double[][] gradient) {
    double[][] hidden = net.plain.hidden(name, SEMANTIC);
    int width = hidden[0].length;
    double[] bias = new double[Y];
    double[] weight = new double[Y * width];
    for (int i = 0; i < ROWS; i++) {
      for (int d = 0; d < Y; d++) {
        bias[d] += gradient[i][d];
        for (int j = 0; j < width; j++) {
          weight[d * width + j] += gradient[i][d] * hidden[i][j];
        }
      }
    }
    assertArrayEquals(bias, net.plain.parameter(name + ".2.bias").grad(), 1e-11, name);
    assertArrayEquals(weight, net.plain.parameter(name + ".2.weight").grad(), 1e-11, name);
  }

  @ParameterizedTest
  @EnumSource(MutualInformation.class)
  void theGradientOfSemanticFeaturesIsThatOfDifferences(MutualInformation mode) {
    try (Net net = new Net("reference-f64", mode)) {
      Tensor x = net.x();
      net.club.estimate(x, net.y(), new Steps(SEQUENCES, EACH), OTHER).backward();
      double[] wanted =
          PlainDifference.of(
              PlainCmg.flat(SEMANTIC),
              moved -> net.plain.estimate(PlainCmg.rows(moved, X), SPECIFIC, EACH, OTHER));
      assertArrayEquals(wanted, x.gradAsDoubles(), 1e-7);
    }
  }

  @Test
  void whereEverySequenceTakesItsOwnPlaceThereIsNothingToTell() {
    try (Net net = new Net("reference-f64", MutualInformation.STANDARD)) {
      int[] same = IntStream.range(0, SEQUENCES).toArray();
      Tensor y = net.y();
      Tensor estimate = net.club.estimate(net.x(), y, new Steps(SEQUENCES, EACH), same);
      estimate.backward();
      assertEquals(0, estimate.toDoubleArray()[0], 1e-15);
      assertArrayEquals(new double[ROWS * Y], y.gradAsDoubles(), 1e-15);
    }
  }

  /** Rows of a 0 or 1 that y repeats: fitted, the bound is well above 0. */
  @ParameterizedTest
  @EnumSource(MutualInformation.class)
  void fittingLowersTheMisfitAndFindsTheInformationThatThereIs(MutualInformation mode) {
    try (Net net = new Net("reference", mode)) {
      double[][] x = PlainCmg.rows(normal(2, ROWS * X), X);
      double[][] y = new double[ROWS][Y];
      for (int i = 0; i < ROWS; i++) {
        x[i][0] = i / EACH % 2;
        Arrays.fill(y[i], x[i][0]);
      }
      AdamW adam = new AdamW(net.context, AdamW.Options.DEFAULT, net.group);
      double first = net.plain.misfit(x, y);
      for (int i = 0; i < 60; i++) {
        net.tape.reset();
        net.group.zeroGrad();
        net.club
            .misfit(
                net.tape.input(PlainCmg.flat(x), ROWS, X),
                net.tape.input(PlainCmg.flat(y), ROWS, Y))
            .backward();
        adam.step(1e-2);
      }
      assertTrue(net.plain.misfit(x, y) < first - 1, "misfit " + net.plain.misfit(x, y));
      double estimate = net.plain.estimate(x, y, EACH, new int[] {1, 2, 3, 0});
      assertTrue(estimate > 1, "estimate " + estimate);
    }
  }

  @Test
  void saturationIsTheShareOfLogVariancesAtTheBound() {
    try (Net net = new Net("reference-f64", MutualInformation.STANDARD)) {
      double[] bias = {0, 100, 0, -100};
      net.plain.parameter("logvar.2.bias").set(bias);
      assertEquals(0.5, net.club.saturation(net.x()), 1e-15);
    }
  }
}
