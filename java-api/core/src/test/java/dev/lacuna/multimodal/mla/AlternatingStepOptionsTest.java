package dev.lacuna.multimodal.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.mla.AlternatingStep.Alpha;
import dev.lacuna.multimodal.mla.AlternatingStep.HeadState;
import dev.lacuna.multimodal.mla.AlternatingStep.Options;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.multimodal.mla.AlternatingStep.Reset;
import dev.lacuna.multimodal.mla.AlternatingStep.StaleGradient;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.GradientProjector.Apply;
import dev.lacuna.optim.GradientProjector.FirstCall;
import dev.lacuna.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every option against {@link PlainMla}, in double precision, over two epochs. */
final class AlternatingStepOptionsTest {
  private static final int WIDTH = 5;
  private static final int CLASSES = 3;
  private static final int EPOCHS = 2;
  private static final int BATCHES = 3;
  private static final double RATE = 0.2;

  private static final GradientProjector.Options P = GradientProjector.Options.DEFAULT;
  private static final Sgd.Options COUPLED = sgd(Sgd.Decay.COUPLED);

  private static Sgd.Options sgd(Sgd.Decay decay) {
    return new Sgd.Options(0.9, 0.05, decay, Sgd.Momentum.CLASSIC);
  }

  /** DEFAULT, but with a decay that shows. */
  private static final Options BASE = Options.DEFAULT.withSgd(sgd(Sgd.Decay.DECOUPLED));

  /** Named variants, each of which must give results of its own. */
  private static Map<String, Options> variants() {
    GradientProjector.Options elementwise = P.withDenominator(Denominator.ELEMENTWISE_COMPAT);
    Map<String, Options> variants = new LinkedHashMap<>();
    variants.put("default", BASE);
    variants.put("no projection", BASE.withProjection(Projection.NONE));
    variants.put("absorb first", with(P.withOrder(Order.ABSORB_THEN_PROJECT)));
    variants.put("norm none", with(P.withNorm(Norm.NONE)));
    variants.put("elementwise", with(elementwise));
    variants.put( // with a small alpha this P grows beyond all bounds
        "elementwise, norm none",
        with(elementwise.withNorm(Norm.NONE)).withAlpha(Alpha.constant(20)));
    variants.put(
        "elementwise, absorb first", with(elementwise.withOrder(Order.ABSORB_THEN_PROJECT)));
    variants.put("add", with(P.withApply(Apply.ADD)));
    variants.put(
        "add, absorb first", with(P.withApply(Apply.ADD).withOrder(Order.ABSORB_THEN_PROJECT)));
    variants.put("forgetting", with(P.withForgetting(0.6)));
    variants.put("forgetting, norm none", with(P.withForgetting(0.6).withNorm(Norm.NONE)));
    variants.put("forgetting, elementwise", with(elementwise.withForgetting(0.6)));
    variants.put("first call skipped", with(P.withFirstCall(FirstCall.SKIPPED)));
    variants.put(
        "first call skipped, absorb first",
        with(P.withFirstCall(FirstCall.SKIPPED).withOrder(Order.ABSORB_THEN_PROJECT)));
    variants.put("reset", BASE.withReset(Reset.EPOCH));
    variants.put("reset, elementwise", BASE.withReset(Reset.EPOCH).withProjector(elementwise));
    variants.put("alpha constant", BASE.withAlpha(Alpha.constant(1)));
    variants.put("head state shared", BASE.withHeadState(HeadState.SHARED));
    variants.put("coupled", BASE.withSgd(COUPLED));
    variants.put("zeroed", BASE.withStaleGradient(StaleGradient.ZEROED));
    variants.put("zeroed, coupled", BASE.withStaleGradient(StaleGradient.ZEROED).withSgd(COUPLED));
    variants.put("update", BASE.withProjection(Projection.RLS_UPDATE));
    variants.put(
        "update, add",
        BASE.withProjection(Projection.RLS_UPDATE).withProjector(P.withApply(Apply.ADD)));
    variants.put(
        "update, absorb first, skipped",
        BASE.withProjection(Projection.RLS_UPDATE)
            .withProjector(
                P.withOrder(Order.ABSORB_THEN_PROJECT).withFirstCall(FirstCall.SKIPPED)));
    variants.put(
        "update, elementwise",
        BASE.withProjection(Projection.RLS_UPDATE).withProjector(elementwise));
    variants.put("head rate", BASE.withHeadRate(3));
    variants.put("official", Options.official());
    variants.put("official, inactive", Options.official().withProjection(Projection.NONE));
    variants.put("BalanceBenchmark", Options.balanceBenchmark());
    return variants;
  }

  private static Options with(GradientProjector.Options projector) {
    return BASE.withProjector(projector);
  }

  static Stream<Arguments> runs() {
    return variants().entrySet().stream()
        .flatMap(e -> Stream.of(2, 3).map(m -> Arguments.of(e.getKey(), e.getValue(), m)));
  }

  /** A model in double precision, trained by the library. */
  private static final class Learner implements AutoCloseable {
    final Context context = Lacuna.open(Device.parse("reference-f64"));
    final ParameterStore store = new ParameterStore(context);
    final Tape tape = new Tape(context);
    final SharedHeadModel model;
    final AlternatingStep step;

    Learner(Options options, int modalities) {
      List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
      for (int m = 0; m < modalities; m++) {
        ParameterGroup group = store.group("encoder" + m);
        Linear linear = new Linear(group, "linear", inputs(m), WIDTH, new CounterRandom(1, m, 0));
        Layer layer = Layer.sequence(linear, ElementwiseOp::relu);
        encoders.add(new SharedHeadModel.Encoder("m" + m, group, layer));
      }
      Linear head =
          new Linear(store.group("head"), "linear", WIDTH, CLASSES, new CounterRandom(1, 9, 0));
      model = new SharedHeadModel(encoders, head);
      step = new AlternatingStep(context, model, options);
    }

    double step(int modality, double[][] x, int[] labels) {
      tape.reset();
      double[] flat = Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
      return step.apply(
              tape,
              modality,
              tape.input(flat, x.length, x[0].length),
              tape.input(labels, labels.length),
              RATE)
          .toDoubleArray()[0];
    }

    double[][] values() {
      return store.parameters().stream().map(Parameter::get).toArray(double[][]::new);
    }

    @Override
    public void close() {
      step.close();
      tape.close();
      store.close();
      context.close();
    }
  }

  private static int inputs(int modality) {
    return 3 + 2 * modality;
  }

  /** What is done with each step of a run. */
  private interface Steps {
    void take(int modality, double[][] x, int[] labels, int epoch, int batch);
  }

  /** Two epochs; the second batch of each lacks modality 0. */
  private static void run(int modalities, Steps steps) {
    for (int t = 0; t < EPOCHS * BATCHES; t++) {
      for (int m = t % BATCHES == 1 ? 1 : 0; m < modalities; m++) {
        CounterRandom random = new CounterRandom(2, m, t);
        double[][] x = new double[4 + m][inputs(m)];
        int[] labels = new int[x.length];
        for (int n = 0; n < x.length; n++) {
          int row = n;
          labels[n] = random.below(1000 + n, CLASSES);
          Arrays.setAll(x[n], i -> 0.5 + labels[row] + random.normal(50L * row + i));
        }
        steps.take(m, x, labels, t / BATCHES, t % BATCHES);
      }
    }
  }

  @ParameterizedTest(name = "{0}, {2} modalities")
  @MethodSource("runs")
  void everyStepIsThatOfPlainArithmetic(String name, Options options, int modalities) {
    try (Learner learner = new Learner(options, modalities)) {
      PlainMla plain = new PlainMla(learner.model, options);
      int[] started = {-1};
      run(
          modalities,
          (m, x, labels, epoch, batch) -> {
            if (started[0] != epoch * BATCHES + batch) {
              started[0] = epoch * BATCHES + batch;
              learner.step.startBatch(batch, BATCHES);
              plain.startBatch(batch, BATCHES);
            }
            String where = name + ", epoch " + epoch + ", batch " + batch + ", modality " + m;
            double wanted = plain.step(m, x, labels, RATE);
            assertEquals(wanted, learner.step(m, x, labels), 1e-10 * Math.abs(wanted), where);
            double[][] values = plain.values();
            double[][] got = learner.values();
            for (int i = 0; i < values.length; i++) {
              assertArrayEquals(values[i], got[i], 1e-9, where + ", parameter " + i);
            }
          });
    }
  }

  @Test
  void everyVariantGivesResultsOfItsOwn() {
    Map<String, double[][]> results = new LinkedHashMap<>();
    variants()
        .forEach((name, options) -> {
          try (Learner learner = new Learner(options, 2)) {
            run(
                2,
                (m, x, labels, epoch, batch) -> {
                  if (m == 0 || batch == 1) {
                    learner.step.startBatch(batch, BATCHES);
                  }
                  learner.step(m, x, labels);
                });
            double[][] values = learner.values();
            results.forEach((other, theirs) ->
                assertTrue(
                    difference(values, theirs) > 1e-6, name + " gives what " + other + " gives"));
            results.put(name, values);
          }
        });
  }

  private static double difference(double[][] a, double[][] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a[i].length; j++) {
        largest = Math.max(largest, Math.abs(a[i][j] - b[i][j]));
      }
    }
    return largest;
  }

  @Test
  void officialDiffersFromTheDefaultWhereItMustAndNowhereElse() {
    Options wanted =
        new Options(
            Projection.RLS,
            new GradientProjector.Options(
                Order.ABSORB_THEN_PROJECT,
                Norm.FRO,
                Denominator.ELEMENTWISE_COMPAT,
                Apply.REPLACE,
                1,
                FirstCall.SKIPPED),
            new Alpha(0.1, 0.01),
            Reset.NEVER,
            new Sgd.Options(0.9, 1e-4, Sgd.Decay.COUPLED, Sgd.Momentum.CLASSIC),
            HeadState.SHARED,
            StaleGradient.ZEROED,
            1);
    assertEquals(wanted, Options.official());
    Options back =
        Options.official()
            .withProjector(
                Options.official()
                    .projector()
                    .withOrder(Order.PROJECT_THEN_ABSORB)
                    .withDenominator(Denominator.SCALAR)
                    .withFirstCall(FirstCall.USED))
            .withSgd(Options.DEFAULT.sgd())
            .withHeadState(HeadState.PER_MODALITY)
            .withStaleGradient(StaleGradient.DROPPED);
    assertEquals(Options.DEFAULT, back);
    Options balance =
        wanted
            .withProjector(wanted.projector().withApply(Apply.ADD))
            .withStaleGradient(StaleGradient.DROPPED);
    assertEquals(balance, Options.balanceBenchmark());
  }

  @Test
  void zeroedGradientsMoveEarlierEncodersOfTheBatchAlone() {
    try (Learner learner = new Learner(BASE.withStaleGradient(StaleGradient.ZEROED), 3)) {
      boolean[][] moves = new boolean[3][3];
      run(
          3,
          (m, x, labels, epoch, batch) -> {
            if (m == 0 || (m == 1 && batch == 1)) {
              learner.step.startBatch(batch, BATCHES);
            }
            double[][] before = learner.values();
            learner.step(m, x, labels);
            double[][] after = learner.values();
            for (int e = 0; e < 3; e++) {
              moves[m][e] = !Arrays.equals(before[2 * e], after[2 * e]);
            }
            boolean first = batch != 1;
            assertArrayEquals(
                new boolean[] {first || m == 0, m >= 1, m >= 2},
                moves[m],
                "step of " + m + " in batch " + batch);
          });
    }
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    for (double forgetting : new double[] {0, -0.1, 1.1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> P.withForgetting(forgetting));
    }
    for (double rate : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> BASE.withHeadRate(rate));
    }
  }
}
