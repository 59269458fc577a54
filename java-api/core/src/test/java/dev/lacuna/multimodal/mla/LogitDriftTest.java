package dev.lacuna.multimodal.mla;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.multimodal.mla.AlternatingStep.Alpha;
import dev.lacuna.multimodal.mla.AlternatingStep.Options;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Forgetting: how far a step of one modality moves the logits that the head gives for the mean
 * feature of the other (methods 6.4). The bias is not projected and moves either way, so it is left
 * out.
 */
final class LogitDriftTest {
  private static final int INPUT = 8;
  private static final int WIDTH = 12;
  private static final int CLASSES = 4;
  private static final int SAMPLES = 16;
  private static final double ALPHA = 0.02;
  private static final Options DEFAULT = Options.DEFAULT.withAlpha(Alpha.constant(ALPHA));

  /** Two modalities; those of one seed start equal and see the same batches. */
  private static final class Learner implements AutoCloseable {
    final Context context;
    final ParameterStore store;
    final Tape tape;
    final SharedHeadModel model;
    final AlternatingStep step;
    final long seed;

    Learner(String backend, Options options, long seed) {
      context = Lacuna.open(Device.parse(backend));
      store = new ParameterStore(context);
      tape = new Tape(context);
      this.seed = seed;
      List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
      for (int m = 0; m < 2; m++) {
        ParameterGroup group = store.group("encoder" + m);
        Linear linear = new Linear(group, "linear", INPUT, WIDTH, new CounterRandom(seed, m, 0));
        encoders.add(
            new SharedHeadModel.Encoder(
                "m" + m, group, x -> ElementwiseOp.relu(linear.forward(x))));
      }
      CounterRandom random = new CounterRandom(seed, 9, 0);
      Linear head = new Linear(store.group("head"), "linear", WIDTH, CLASSES, random);
      model = new SharedHeadModel(encoders, head);
      step = new AlternatingStep(context, model, options);
    }

    double[] inputs(int modality, int draw) {
      double[] x = new double[SAMPLES * INPUT];
      CounterRandom random = new CounterRandom(seed, 20 + modality, draw);
      Arrays.setAll(x, i -> 0.5 + random.normal(i));
      return x;
    }

    /** Mean over the batch of the features that a step absorbs. */
    double[] meanFeature(int modality, int draw) {
      tape.reset();
      double[] x = inputs(modality, draw);
      double[] features = model.features(modality, tape.input(x, SAMPLES, INPUT)).toDoubleArray();
      double[] mean = new double[WIDTH];
      for (int i = 0; i < features.length; i++) {
        mean[i % WIDTH] += features[i] / SAMPLES;
      }
      return mean;
    }

    void learn(int modality, int draw) {
      tape.reset();
      int[] labels = new int[SAMPLES];
      CounterRandom random = new CounterRandom(seed, 30 + modality, draw);
      Arrays.setAll(labels, i -> random.below(i, CLASSES));
      step.startBatch(0, 1);
      step.apply(
          tape,
          modality,
          tape.input(inputs(modality, draw), SAMPLES, INPUT),
          tape.input(labels, SAMPLES),
          0.1);
    }

    /** The head's answer to a feature, without the bias. */
    double[] logits(double[] feature) {
      return times(model.head().weight().get(), feature);
    }

    @Override
    public void close() {
      step.close();
      tape.close();
      store.close();
      context.close();
    }
  }

  private static double[] times(double[] matrix, double[] x) {
    double[] product = new double[matrix.length / x.length];
    for (int i = 0; i < matrix.length; i++) {
      product[i / x.length] += matrix[i] * x[i % x.length];
    }
    return product;
  }

  private static double dot(double[] a, double[] b) {
    return times(a, b)[0];
  }

  private static double[] minus(double[] a, double[] b) {
    double[] difference = new double[a.length];
    Arrays.setAll(difference, i -> a[i] - b[i]);
    return difference;
  }

  private static double length(double[] x) {
    return Math.sqrt(dot(x, x));
  }

  private static Options plain(Norm norm) {
    return DEFAULT
        .withProjector(GradientProjector.Options.DEFAULT.withNorm(norm))
        .withSgd(new Sgd.Options(0, 0, Sgd.Decay.DECOUPLED, Sgd.Momentum.CLASSIC));
  }

  /**
   * The first modality's r is the first that P absorbs, so r P r = r r, and P is I - r r^T / (alpha
   * + r r): it shrinks r by alpha / (alpha + r r), and every direction across r not at all, so that
   * ||P||_F^2 = size - 1 + factor^2.
   */
  @ParameterizedTest
  @CsvSource({"reference-f64, NONE", "reference-f64, FRO", "reference, NONE", "reference, FRO"})
  void aProjectedStepMovesTheOtherModalitysLogitsByTheFactorOfTheoryToOnePercent(
      String backend, Norm norm) {
    for (long seed = 0; seed < 10; seed++) {
      Options options = plain(norm);
      try (Learner with = new Learner(backend, options, seed);
          Learner without = new Learner(backend, options.withProjection(Projection.NONE), seed)) {
        double[] r = with.meanFeature(0, 0);
        double projected = drift(with, r);
        double raw = drift(without, r);
        double factor = ALPHA / (ALPHA + dot(r, r));
        double size = norm == Norm.NONE ? 1 : Math.sqrt(WIDTH - 1 + factor * factor);
        double wanted = factor / size;
        assertTrue(raw > 1e-3, "nothing drifts here anyway: " + raw);
        assertTrue(factor < 0.05, "nothing is held here: " + factor);
        assertEquals(wanted, projected / raw, 0.01 * wanted, "seed " + seed);
      }
    }
  }

  /** How far the second modality's step moves the logits at a feature of the first. */
  private static double drift(Learner learner, double[] r) {
    learner.learn(0, 0);
    double[] before = learner.logits(r);
    learner.learn(1, 0);
    return length(minus(learner.logits(r), before));
  }

  /**
   * Where P has absorbed much: the drift is alpha / (alpha + r P r) times what it was with the P of
   * before r, here from P's definition as the inverse of I + sum r r^T / alpha.
   */
  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void afterManyStepsTheDriftIsStillThatOfTheory(String backend) {
    try (Learner learner = new Learner(backend, plain(Norm.NONE), 3);
        Learner raw = new Learner(backend, plain(Norm.NONE).withProjection(Projection.NONE), 3)) {
      double[][] absorbed = new double[6][];
      for (int t = 0; t < absorbed.length; t++) {
        absorbed[t] = learner.meanFeature(1 - t % 2, t);
        learner.learn(1 - t % 2, t);
      }
      double[] r = absorbed[5]; // modality 0's, absorbed last
      for (int i = 0; i < learner.store.parameters().size(); i++) {
        raw.store.parameters().get(i).set(learner.store.parameters().get(i).get());
      }
      double[] weight = raw.model.head().weight().get();
      learner.learn(1, 9);
      raw.learn(1, 9);
      double[] step = minus(raw.model.head().weight().get(), weight);

      double[] pr = solved(Arrays.copyOf(absorbed, 5), r); // P of before r, times r
      double factor = ALPHA / (ALPHA + dot(r, pr));
      double[] moved = minus(learner.logits(r), times(weight, r));
      double wanted = factor * length(times(step, pr));
      assertTrue(wanted < 0.5 * length(times(step, r)), "nothing is held here");
      assertEquals(wanted, length(moved), 0.01 * wanted);
    }
  }

  /** Gradients alone are projected: momentum and decay go where they like. */
  @ParameterizedTest
  @CsvSource({"RLS_UPDATE, true", "RLS, false"})
  void momentumAndDecayKeepTheFactorOnlyWhereTheUpdateIsProjected(
      Projection projection, boolean held) {
    Options options =
        plain(Norm.NONE)
            .withProjection(projection)
            .withHeadState(AlternatingStep.HeadState.SHARED) // momentum from the first step on
            .withSgd(new Sgd.Options(0.9, 0.1, Sgd.Decay.DECOUPLED, Sgd.Momentum.CLASSIC));
    try (Learner with = new Learner("reference-f64", options, 5);
        Learner without =
            new Learner("reference-f64", options.withProjection(Projection.NONE), 5)) {
      Learner[] both = {with, without};
      double[] drift = new double[2];
      double[] r = with.meanFeature(0, 0);
      for (int i = 0; i < 2; i++) {
        both[i].learn(0, 0);
        double[] before = both[i].logits(r);
        both[i].learn(1, 0);
        drift[i] = length(minus(both[i].logits(r), before));
      }
      double factor = ALPHA / (ALPHA + dot(r, r));
      double error = Math.abs(drift[0] / drift[1] / factor - 1);
      assertEquals(held, error < 0.01, "off by " + error);
    }
  }

  /** (I + sum r r^T / alpha)^-1 b by elimination. */
  private static double[] solved(double[][] absorbed, double[] b) {
    double[][] a = new double[WIDTH][WIDTH];
    double[] x = b.clone();
    for (int i = 0; i < WIDTH; i++) {
      a[i][i] = 1;
      for (double[] r : absorbed) {
        for (int j = 0; j < WIDTH; j++) {
          a[i][j] += r[i] * r[j] / ALPHA;
        }
      }
    }
    for (int k = 0; k < WIDTH; k++) {
      for (int i = 0; i < WIDTH; i++) {
        double share = i == k ? 0 : a[i][k] / a[k][k];
        for (int j = k; j < WIDTH; j++) {
          a[i][j] -= share * a[k][j];
        }
        x[i] -= share * x[k];
      }
    }
    for (int k = 0; k < WIDTH; k++) {
      x[k] /= a[k][k];
    }
    return x;
  }
}
