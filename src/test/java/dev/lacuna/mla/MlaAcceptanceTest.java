package dev.lacuna.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.multimodal.mla.SharedHeadModel;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.metrics.Accuracy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two modalities that live in one input space of 16 numbers: the first tells the class in the first
 * half, the second in the second half, and what they share tells nothing.
 */
class MlaAcceptanceTest {
  private static final int INPUT = 16;
  private static final int HALF = INPUT / 2;
  private static final int WIDTH = 32;
  private static final int CLASSES = 4;
  private static final int BATCH = 32;
  private static final int SEEDS = 5;
  private static final double RATE = 0.03;

  /** About sqrt(WIDTH), by which FRO divides the head's gradient at the start. */
  private static final double HEAD_RATE = 6;

  private final Context context = Lacuna.open(Device.cpu());
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  /** Samples of both modalities; x[m] is [n, INPUT]. */
  private record Samples(float[][] x, int[] labels) {
    static Samples draw(int n, long seed) {
      CounterRandom random = new CounterRandom(seed, 1, 0);
      CounterRandom prototypes = new CounterRandom(99, 2, 0);
      float[][] x = new float[2][n * INPUT];
      int[] labels = new int[n];
      for (int i = 0; i < n; i++) {
        labels[i] = random.below(i, CLASSES);
        for (int m = 0; m < 2; m++) {
          for (int j = 0; j < INPUT; j++) {
            boolean tells = j / HALF == m;
            double signal = tells ? 1.5 * prototypes.normal(labels[i] * INPUT + j) : 0;
            double noise = random.normal(1_000_000 + (long) (2 * i + m) * INPUT + j);
            x[m][i * INPUT + j] = (float) (1 + signal + 0.7 * noise);
          }
        }
      }
      return new Samples(x, labels);
    }

    int size() {
      return labels.length;
    }

    /** The same where one modality of each sample, drawn at random, tells nothing. */
    Samples corrupted(long seed) {
      CounterRandom random = new CounterRandom(seed, 3, 0);
      float[][] copy = {x[0].clone(), x[1].clone()};
      for (int i = 0; i < size(); i++) {
        int m = random.below(i, 2);
        for (int j = 0; j < INPUT; j++) {
          double noise = random.normal(1_000_000 + (long) i * INPUT + j);
          copy[m][i * INPUT + j] = (float) (1 + 0.7 * noise);
        }
      }
      return new Samples(copy, labels);
    }
  }

  private record Scores(double[][] logits, double[] entropy) {}

  /** A model with a head for both modalities. */
  private final class Learner implements AutoCloseable {
    final ParameterStore store = new ParameterStore(context);
    final SharedHeadModel model;
    final AlternatingStep step;

    Learner(Projection projection, Norm norm, long seed) {
      List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
      for (int m = 0; m < 2; m++) {
        ParameterGroup group = store.group("encoder" + m);
        Linear linear = new Linear(group, "linear", INPUT, WIDTH, new CounterRandom(seed, m, 0));
        Layer layer = Layer.sequence(linear, ElementwiseOp::relu);
        encoders.add(new SharedHeadModel.Encoder("m" + m, group, layer));
      }
      CounterRandom random = new CounterRandom(seed, 2, 0);
      model =
          new SharedHeadModel(
              encoders, new Linear(store.group("head"), "linear", WIDTH, CLASSES, random));
      Sgd.Options sgd = new Sgd.Options(0.9, 0, Sgd.Decay.DECOUPLED, Sgd.Momentum.CLASSIC);
      step =
          new AlternatingStep(
              context,
              model,
              AlternatingStep.Options.DEFAULT
                  .withProjection(projection)
                  .withProjector(GradientProjector.Options.DEFAULT.withNorm(norm))
                  .withSgd(sgd)
                  .withHeadRate(HEAD_RATE));
    }

    /** The first batches of one modality. */
    void learn(Samples samples, int modality, int batches) {
      learn(samples, modality, 0, batches);
    }

    /** Batches {@code first} to {@code end - 1} of one modality. */
    void learn(Samples samples, int modality, int first, int end) {
      int inEpoch = samples.size() / BATCH;
      for (int i = first; i < end; i++) {
        int from = i % inEpoch * BATCH;
        tape.reset();
        float[] x = Arrays.copyOfRange(samples.x[modality], from * INPUT, (from + BATCH) * INPUT);
        Tensor labels = tape.input(Arrays.copyOfRange(samples.labels, from, from + BATCH), BATCH);
        step.startBatch(i % inEpoch, inEpoch);
        step.apply(tape, modality, tape.input(x, BATCH, INPUT), labels, RATE);
      }
    }

    /** Logits and entropies of one modality, computed in batches. */
    Scores scores(Samples samples, int modality, int batch) {
      double[][] logits = new double[samples.size()][];
      double[] entropy = new double[samples.size()];
      for (int from = 0; from < logits.length; from += batch) {
        int n = Math.min(batch, logits.length - from);
        tape.reset();
        float[] x = Arrays.copyOfRange(samples.x[modality], from * INPUT, (from + n) * INPUT);
        Tensor scores = model.logits(modality, tape.input(x, n, INPUT));
        double[] flat = scores.toDoubleArray();
        double[] e = SoftmaxOp.entropy(scores).toDoubleArray();
        for (int i = 0; i < n; i++) {
          logits[from + i] = Arrays.copyOfRange(flat, i * CLASSES, (i + 1) * CLASSES);
          entropy[from + i] = e[i];
        }
      }
      return new Scores(logits, entropy);
    }

    double accuracy(Samples samples, int modality) {
      return Accuracy.of(scores(samples, modality, 100).logits, samples.labels);
    }

    double fused(Samples samples, Fusion.Mode mode, Presence presence, int batch) {
      Scores first = scores(samples, 0, batch);
      Scores second = scores(samples, 1, batch);
      double[][][] logits = {first.logits, second.logits};
      double[][] entropy = {first.entropy, second.entropy};
      return Accuracy.of(Fusion.fuse(mode, logits, entropy, presence), samples.labels);
    }

    @Override
    public void close() {
      step.close();
      store.close();
    }
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void projectionKeepsWhatTheOtherModalityTaughtTheHead(Norm norm) {
    Outcome with = oneAfterTheOther(Projection.RLS, norm);
    Outcome without = oneAfterTheOther(Projection.NONE, norm);
    String seen = "with RLS " + with + ", without " + without;
    assertTrue(with.learned > 0.98 && without.learned > 0.98, seen);
    assertTrue(without.forgotten() > 0.01, () -> "nothing is forgotten here anyway: " + seen);
    assertTrue(with.forgotten() < 0.3 * without.forgotten(), seen);
    assertTrue(with.second > without.second - 0.01, () -> "the second learns less: " + seen);
  }

  /**
   * Mean accuracies over seeds.
   *
   * @param learned of the first modality when it has been trained
   * @param kept of the first when the second has been trained after it
   * @param second of the second at the end
   */
  private record Outcome(double learned, double kept, double second) {
    double forgotten() {
      return learned - kept;
    }
  }

  private Outcome oneAfterTheOther(Projection projection, Norm norm) {
    double learned = 0;
    double kept = 0;
    double second = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Samples train = Samples.draw(320, seed);
      Samples test = Samples.draw(1000, 100 + seed);
      try (Learner learner = new Learner(projection, norm, seed)) {
        learner.learn(train, 0, 100);
        learned += learner.accuracy(test, 0) / SEEDS;
        learner.learn(train, 1, 100);
        kept += learner.accuracy(test, 0) / SEEDS;
        second += learner.accuracy(test, 1) / SEEDS;
      }
    }
    return new Outcome(learned, kept, second);
  }

  @Test
  void dynamicFusionBeatsEverySingleModalityWhereOneOfEachSampleIsCorrupted() {
    Samples clean = Samples.draw(1000, 100);
    Samples corrupted = clean.corrupted(7);
    try (Learner learner = alternating()) {
      Presence both = Presence.complete(clean.size(), 2);
      double first = learner.accuracy(corrupted, 0);
      double second = learner.accuracy(corrupted, 1);
      double fixed = learner.fused(corrupted, Fusion.Mode.FIXED, both, 100);
      double dynamic = learner.fused(corrupted, Fusion.Mode.DYNAMIC, both, 100);
      String seen = first + " and " + second + " alone, fixed " + fixed + ", dynamic " + dynamic;
      assertTrue(dynamic >= Math.max(first, second), seen);
      assertTrue(dynamic >= fixed, seen);
      assertTrue(learner.fused(clean, Fusion.Mode.DYNAMIC, both, 100) > 0.98, seen);
    }
  }

  @Test
  void resultsDoNotDependOnTheEvaluationBatch() {
    Samples samples = Samples.draw(200, 100).corrupted(7);
    byte[] table = new byte[400];
    for (int i = 0; i < 200; i++) {
      table[2 * i] = (byte) (i % 3 == 0 ? 0 : 1);
      table[2 * i + 1] = (byte) (i % 3 == 1 ? 0 : 1);
    }
    Presence presence = new Presence(200, 2, table);
    try (Learner learner = alternating()) {
      for (Fusion.Mode mode : Fusion.Mode.values()) {
        double wanted = learner.fused(samples, mode, presence, 200);
        for (int batch : new int[] {1, 7, 64, 199}) {
          assertEquals(wanted, learner.fused(samples, mode, presence, batch), "batch " + batch);
        }
      }
      for (int m = 0; m < 2; m++) {
        double[][] wanted = learner.scores(samples, m, 200).logits;
        for (int batch : new int[] {1, 7, 64, 199}) {
          double[][] got = learner.scores(samples, m, batch).logits;
          for (int i = 0; i < wanted.length; i++) {
            assertArrayEquals(wanted[i], got[i], 1e-5, "sample " + i + ", batch " + batch);
          }
        }
      }
    }
  }

  private Learner alternating() {
    Learner learner = new Learner(Projection.RLS, Norm.FRO, 0);
    Samples train = Samples.draw(320, 0);
    for (int batch = 0; batch < 100; batch++) {
      learner.learn(train, 0, batch, batch + 1);
      learner.learn(train, 1, batch, batch + 1);
    }
    return learner;
  }
}
