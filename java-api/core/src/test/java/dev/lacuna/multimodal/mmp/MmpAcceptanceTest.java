package dev.lacuna.multimodal.mmp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import dev.lacuna.multimodal.mmp.MmpModel.Encoded;
import dev.lacuna.multimodal.mmp.MmpModel.Losses;
import dev.lacuna.multimodal.mmp.MmpModel.Modality;
import dev.lacuna.multimodal.mmp.MmpModel.Options;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.TransformerEncoder;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Encoding;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.optim.AdamW;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Two views of a latent vector of 8 numbers, two small transformers: pretrained each by itself,
 * then frozen but for their biases, with 70 % of the training samples lacking one view.
 */
final class MmpAcceptanceTest {
  private static final int LATENT = 8;
  private static final int CLASSES = 4;
  private static final int TOKENS = 4;
  private static final int WIDTH = 16;
  private static final int TRAIN = 256;
  private static final int TEST = 256;
  private static final int BATCH = 64;

  /** As they come, but for fewer prompts, which saves time. */
  private static final Options OPTIONS =
      new Options(
          4,
          Options.DEFAULT.reading(),
          Options.DEFAULT.pooling(),
          Options.DEFAULT.vicReg(),
          Options.DEFAULT.encoderGrad(),
          Options.DEFAULT.targetGrad());

  private final float[][][] views = new float[2][TRAIN + TEST][];
  private final int[] labels = new int[TRAIN + TEST];
  private final boolean[][] present = new boolean[2][TRAIN + TEST];

  MmpAcceptanceTest() {
    CounterRandom latent = new CounterRandom(4, 0, 0);
    CounterRandom noise = new CounterRandom(4, 1, 0);
    CounterRandom missing = new CounterRandom(4, 2, 0);
    int size = TOKENS * WIDTH;
    for (int i = 0; i < TRAIN + TEST; i++) {
      double[] z = new double[LATENT];
      for (int j = 0; j < LATENT; j++) {
        z[j] = latent.normal((long) i * LATENT + j);
      }
      labels[i] =
          IntStream.range(0, CLASSES)
              .boxed()
              .max((a, b) -> Double.compare(z[a] + z[a + CLASSES], z[b] + z[b + CLASSES]))
              .orElseThrow();
      for (int view = 0; view < 2; view++) {
        CounterRandom map = new CounterRandom(4, 3 + view, 0);
        views[view][i] = new float[size];
        for (int j = 0; j < size; j++) {
          double value = 0.3 * noise.normal(((long) i * 2 + view) * size + j);
          for (int k = 0; k < LATENT; k++) {
            value += map.normal((long) j * LATENT + k) * z[k] / Math.sqrt(LATENT);
          }
          views[view][i][j] = (float) value;
        }
      }
      float draw = missing.uniform(i);
      boolean test = i >= TRAIN;
      present[0][i] = test || draw >= 0.35;
      present[1][i] = test || draw < 0.35 || draw >= 0.7;
    }
  }

  private static Tensor input(Tape tape, float[][] view, int[] samples) {
    float[] all = new float[samples.length * TOKENS * WIDTH];
    for (int i = 0; i < samples.length; i++) {
      System.arraycopy(view[samples[i]], 0, all, i * TOKENS * WIDTH, TOKENS * WIDTH);
    }
    return tape.input(all, samples.length, TOKENS, WIDTH);
  }

  private static double accuracy(double[] logits, int[] labels, int first) {
    int right = 0;
    int n = logits.length / CLASSES;
    for (int i = 0; i < n; i++) {
      int best = 0;
      for (int c = 1; c < CLASSES; c++) {
        best = logits[i * CLASSES + c] > logits[i * CLASSES + best] ? c : best;
      }
      right += best == labels[first + i] ? 1 : 0;
    }
    return (double) right / n;
  }

  private static double[] sum(double[] a, double[] b) {
    double[] sum = new double[a.length];
    Arrays.setAll(sum, i -> a[i] + b[i]);
    return sum;
  }

  /** Rows that are all the head's answer to one feature. */
  private static double[] answers(MmpModel model, int modality, double[] feature) {
    double[] weight = model.head(modality).weight().get();
    double[] bias = model.head(modality).bias().get();
    double[] rows = new double[TEST * CLASSES];
    for (int i = 0; i < rows.length; i++) {
      int c = i % CLASSES;
      rows[i] = bias[c];
      for (int j = 0; j < WIDTH; j++) {
        rows[i] += weight[c * WIDTH + j] * feature[j];
      }
    }
    return rows;
  }

  @Test
  void predictedFeaturesBeatZerosAndMeansAndFrozenWeightsStay() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      List<Groups> groups = new ArrayList<>();
      List<TransformerEncoder> encoders = new ArrayList<>();
      for (int view = 0; view < 2; view++) {
        groups.add(new Groups(store.group("weights" + view), store.group("biases" + view)));
        Config config = new Config(WIDTH, 2, 2, 32, Norm.PRE, 1e-6, Activation.GELU);
        encoders.add(new TransformerEncoder(groups.get(view), config, view));
      }
      List<ParameterGroup> prediction = List.of(store.group("view0"), store.group("view1"));
      double[] start = new double[WIDTH];
      List<Modality> modalities =
          List.of(new Modality("view0", start), new Modality("view1", start));
      MmpModel model =
          new MmpModel(store.group("heads"), prediction, modalities, CLASSES, OPTIONS, 1);
      AdamW optimizer =
          new AdamW(context, AdamW.Options.DEFAULT, store.groups().toArray(ParameterGroup[]::new));

      learn(store, encoders, model, optimizer, tape, 25, false);
      groups.forEach(of -> of.weights().freeze());
      List<String> frozen = groups.stream().map(of -> of.weights().sha256()).toList();
      List<String> biases = groups.stream().map(of -> of.biases().sha256()).toList();
      learn(store, encoders, model, optimizer, tape, 40, true);
      for (int view = 0; view < 2; view++) {
        assertEquals(frozen.get(view), groups.get(view).weights().sha256());
        assertNotEquals(biases.get(view), groups.get(view).biases().sha256());
        assertTrue(
            groups.get(view).weights().parameters().stream().noneMatch(Parameter::hasGradient));
      }

      int[] test = IntStream.range(TRAIN, TRAIN + TEST).toArray();
      for (int from = 0; from < 2; from++) {
        int to = 1 - from;
        tape.reset();
        Encoding encoding = encoders.get(from).all(input(tape, views[from], test), null);
        double[] before = encoding.tokens().toDoubleArray();
        Tensor feature = Objects.requireNonNull(model.predict(tape, from, encoding).get(to));
        double[] predicted = model.head(to).forward(feature).toDoubleArray();
        assertArrayEquals(before, encoding.tokens().toDoubleArray());
        double[] own = model.head(from).forward(encoding.classFeature()).toDoubleArray();
        double[] mean = new double[WIDTH];
        double[] truth =
            encoders
                .get(to)
                .first(input(tape, views[to], IntStream.range(0, TRAIN).toArray()), null)
                .classFeature()
                .toDoubleArray();
        for (int i = 0; i < truth.length; i++) {
          mean[i % WIDTH] += truth[i] / TRAIN;
        }
        double[] ofMean = answers(model, to, mean);
        double[] ofZero = answers(model, to, new double[WIDTH]);
        double alone = accuracy(predicted, labels, TRAIN);
        String said = "from view " + from + ": head of the missing view " + alone;
        assertTrue(alone > accuracy(ofMean, labels, TRAIN) + 0.2, said);
        assertTrue(alone > accuracy(ofZero, labels, TRAIN) + 0.2, said);
        // what is predicted from a view adds nothing that its own head could not have learned from
        // it: its vote must not cost much
        double fused = accuracy(sum(own, predicted), labels, TRAIN);
        double zero = accuracy(sum(own, ofZero), labels, TRAIN);
        said = "from view " + from + ": fused " + fused + ", zeros " + zero;
        assertTrue(fused > zero - 0.06, said);
      }
    }
  }

  private void learn(
      ParameterStore store,
      List<TransformerEncoder> encoders,
      MmpModel model,
      AdamW optimizer,
      Tape tape,
      int epochs,
      boolean predict) {
    for (int epoch = 0; epoch < epochs; epoch++) {
      int[] order = new CounterRandom(9, predict ? 1 : 0, epoch).permutation(TRAIN);
      for (int from = 0; from < TRAIN; from += BATCH) {
        int[] batch = Arrays.copyOfRange(order, from, from + BATCH);
        tape.reset();
        store.zeroGrad();
        List<@Nullable Encoded> encoded = new ArrayList<>();
        for (int view = 0; view < 2; view++) {
          int of = view;
          int[] at = IntStream.range(0, BATCH).filter(i -> present[of][batch[i]]).toArray();
          int[] samples = Arrays.stream(at).map(i -> batch[i]).toArray();
          Tensor x = input(tape, views[view], samples);
          encoded.add(new Encoded(encoders.get(view).first(x, null), at));
        }
        int[] classes = Arrays.stream(batch).map(i -> labels[i]).toArray();
        Criterion criterion = Criterion.singleLabel(classes);
        Losses losses =
            predict
                ? model.loss(tape, encoded, criterion)
                : model.classification(encoded, criterion);
        losses.total().backward();
        optimizer.step(2e-3);
      }
    }
  }
}
