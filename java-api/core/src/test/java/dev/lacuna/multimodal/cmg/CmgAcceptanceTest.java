package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqOptions.Reset;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.CmgModel.Layers;
import dev.lacuna.multimodal.cmg.CmgModel.Modality;
import dev.lacuna.multimodal.cmg.CmgModel.Options;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.AdamW;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Two modalities of sequences whose steps are 30 prototypes, each seen through a random matrix of
 * its modality and in a style of its own: the codes that come out mean the same in both.
 */
final class CmgAcceptanceTest {
  private static final int PROTOTYPES = 30;
  private static final int LATENT = 16;
  private static final int STYLE = 4;
  private static final int SIZE = 24;
  private static final int STEPS = 8;
  private static final int TRAIN = 256;
  private static final int TEST = 64;
  private static final int BATCH = 32;
  private static final int EPOCHS = 10;
  private static final int CODES = 64;
  private static final int WIDTH = 32;

  /** [modality][sequence] steps [STEPS, SIZE]. */
  private final float[][][] seen = new float[2][TRAIN + TEST][STEPS * SIZE];

  /** [sequence][step] prototypes. */
  private final int[][] prototypes = new int[TRAIN + TEST][STEPS];

  CmgAcceptanceTest() {
    CounterRandom order = new CounterRandom(6, 0, 0);
    CounterRandom latent = new CounterRandom(6, 1, 0);
    int[] next = new CounterRandom(6, 2, 0).permutation(PROTOTYPES);
    for (int i = 0; i < TRAIN + TEST; i++) {
      for (int t = 0; t < STEPS; t++) {
        long draw = 2L * (i * STEPS + t);
        boolean follows = t > 0 && order.uniform(draw) < 0.7;
        prototypes[i][t] = follows ? next[prototypes[i][t - 1]] : order.below(draw + 1, PROTOTYPES);
      }
      for (int m = 0; m < 2; m++) {
        CounterRandom mixed = new CounterRandom(6, 3 + m, 0);
        CounterRandom style = new CounterRandom(6, 5 + m, i);
        CounterRandom noise = new CounterRandom(6, 7 + m, i);
        for (int at = 0; at < STEPS * SIZE; at++) {
          int t = at / SIZE;
          int row = at % SIZE * (LATENT + STYLE);
          double value = 0.1 * noise.normal(at);
          for (int k = 0; k < LATENT; k++) {
            double of = latent.normal(prototypes[i][t] * LATENT + k);
            value += mixed.normal(row + k) * of / Math.sqrt(LATENT);
          }
          for (int k = 0; k < STYLE; k++) {
            value += 0.5 * mixed.normal(row + LATENT + k) * style.normal(k) / Math.sqrt(STYLE);
          }
          seen[m][i][at] = (float) value;
        }
      }
    }
  }

  private Tensor input(Tape tape, int modality, int[] samples) {
    float[] all = new float[samples.length * STEPS * SIZE];
    for (int i = 0; i < samples.length; i++) {
      System.arraycopy(seen[modality][samples[i]], 0, all, i * STEPS * SIZE, STEPS * SIZE);
    }
    return tape.input(all, (long) samples.length * STEPS, SIZE);
  }

  private static Modality modality(String name) {
    return new Modality(
        name,
        (group, random) -> Front.flat(SIZE),
        (encoder, decoder, width, random) ->
            new LinearPath(encoder, decoder, "path", SIZE, width, 16, random));
  }

  private int[] labels(int[] samples) {
    return Arrays.stream(samples).flatMap(i -> Arrays.stream(prototypes[i])).toArray();
  }

  /** As CMG's, but for sizes and codes that follow quickly: the training is a short one. */
  private static Options options() {
    VqOptions averages =
        VqOptions.DEFAULT.withDecay(0.9).withReset(new Reset(20, 10, 1.0 / 1024, 1));
    return new Options(
        new SharedCodebook.Options(CODES, WIDTH, SharedCodebook.Update.EMA, averages),
        new Layers(1, 2, 64, 0.1),
        Estimator.STRAIGHT_THROUGH,
        MutualInformation.STANDARD);
  }

  /**
   * Mutual information at a tenth: at 1 its gradient is most of the whole for the first hundreds of
   * steps, and in so few of them the modalities do not find each other.
   */
  private static CmgStep.Options training() {
    CmgStep.Options like = CmgStep.Options.DEFAULT;
    return new CmgStep.Options(
        new Weights(1, 1, 0.25, 0.1, 1, 0.1, 1), 1, like.clubRate(), like.clip(), like.adam());
  }

  @Test
  void aProbeOfOneModalitysCodesHoldsForTheOther() {
    int[] train = IntStream.range(0, TRAIN).toArray();
    int[] test = IntStream.range(TRAIN, TRAIN + TEST).toArray();
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context);
        CmgModel model =
            new CmgModel(context, store, List.of(modality("a"), modality("b")), options(), 1);
        CmgStep step = new CmgStep(context, model, training(), 1)) {
      startInTheData(model, tape, train);
      double before = sameRate(codes(model, tape, test));
      assertTrue(before < 0.1, "untrained, steps have the same code in " + before);
      learn(step, tape);

      int[][] codes = codes(model, tape, test);
      double same = sameRate(codes);
      double chance = chance(codes);
      assertTrue(same > 10 * chance, "same code in " + same + " of the steps, chance " + chance);
      int[][] ofTrain = codes(model, tape, train);
      long used = Stream.of(ofTrain).flatMapToInt(Arrays::stream).distinct().count();
      assertTrue(used > CODES / 2, used + " of " + CODES + " codes are used");

      double across = probe(model, tape, ofTrain[0], labels(train), codes[1], labels(test));
      double own = probe(model, tape, ofTrain[1], labels(train), codes[1], labels(test));
      assertTrue(own > 0.5, "a probe of b's own codes scores " + own);
      assertTrue(across >= 0.9 * own, "of a's codes " + across + " on b, of b's own " + own);
    }
  }

  /** The codes are rows, as many of each modality. */
  private void startInTheData(CmgModel model, Tape tape, int[] train) {
    tape.reset();
    float[] start = new float[CODES * WIDTH];
    for (int m = 0; m < 2; m++) {
      float[] z = model.semantic(m, input(tape, m, train), TRAIN, STEPS).toArray();
      int[] rows = new CounterRandom(10, m, 0).permutation(TRAIN * STEPS);
      for (int k = m; k < CODES; k += 2) {
        System.arraycopy(z, rows[k] * WIDTH, start, k * WIDTH, WIDTH);
      }
    }
    model.codebook().init(start);
  }

  private void learn(CmgStep step, Tape tape) {
    int[] all = IntStream.range(0, BATCH).toArray();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      int[] order = new CounterRandom(9, 0, epoch).permutation(TRAIN);
      for (int from = 0; from < TRAIN; from += BATCH) {
        tape.reset();
        int[] batch = Arrays.copyOfRange(order, from, from + BATCH);
        step.apply(
            tape,
            BATCH,
            List.of(
                new Sequences(input(tape, 0, batch), all, STEPS),
                new Sequences(input(tape, 1, batch), all, STEPS)),
            5e-3);
      }
    }
  }

  private int[][] codes(CmgModel model, Tape tape, int[] samples) {
    tape.reset();
    return IntStream.range(0, 2)
        .mapToObj(m -> model.codes(m, input(tape, m, samples), samples.length, STEPS))
        .toArray(int[][]::new);
  }

  /** The share of steps in which both modalities have the same code. */
  private static double sameRate(int[][] codes) {
    int n = codes[0].length;
    long same = IntStream.range(0, n).filter(i -> codes[0][i] == codes[1][i]).count();
    return (double) same / n;
  }

  /** That share if steps were paired at random. */
  private static double chance(int[][] codes) {
    double[][] share = new double[2][CODES];
    for (int m = 0; m < 2; m++) {
      for (int code : codes[m]) {
        share[m][code] += 1.0 / codes[m].length;
      }
    }
    return PlainCmg.dot(share[0], share[1]);
  }

  /** Accuracy of a softmax regression from codes to prototypes. */
  private static double probe(
      CmgModel model, Tape tape, int[] codes, int[] labels, int[] test, int[] wanted) {
    try (ParameterStore store = new ParameterStore(tape.context())) {
      ParameterGroup group = store.group("probe");
      Linear linear = new Linear(group, "linear", WIDTH, PROTOTYPES, new CounterRandom(12, 0, 0));
      AdamW adam = new AdamW(tape.context(), AdamW.Options.DEFAULT, group);
      for (int i = 0; i < 100; i++) {
        tape.reset();
        group.zeroGrad();
        Tensor logits = linear.forward(model.vectors(tape, codes));
        SoftmaxOp.crossEntropy(logits, tape.input(labels, labels.length)).backward();
        adam.step(0.05);
      }
      tape.reset();
      double[][] logits =
          PlainCmg.rows(linear.forward(model.vectors(tape, test)).toDoubleArray(), PROTOTYPES);
      int right = 0;
      for (int i = 0; i < test.length; i++) {
        int most = wanted[i];
        for (int c = 0; c < PROTOTYPES; c++) {
          most = logits[i][c] > logits[i][most] ? c : most;
        }
        right += most == wanted[i] ? 1 : 0;
      }
      return (double) right / test.length;
    }
  }
}
