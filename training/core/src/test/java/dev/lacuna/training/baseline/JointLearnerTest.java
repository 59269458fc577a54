package dev.lacuna.training.baseline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.nn.Layer;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.training.baseline.JointLearner.Join;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.encoder.SmallEncoder;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Joint training in double precision, on four samples of which two lack a modality. */
class JointLearnerTest {
  private static final byte[] TABLE = {1, 1, 0, 1, 1, 0, 1, 1};
  private static final int[] SAMPLES = {0, 1, 2, 3};
  private static final int WIDTH = 8;

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final Tape tape = new Tape(context);
  private final MultimodalData data = Toy.data(4, 1, 1);
  private final Presence presence = new Presence(4, 2, TABLE);
  private final Batch batch = new Batch(data, data.train(), presence, SAMPLES, RandomShift.none(2));

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  /** A learner whose biases are not zero, as they are after a while. */
  private JointLearner learner(Join join) {
    JointLearner learner =
        new JointLearner(context, data, TrainingOptions.DEFAULT, new JointOptions(WIDTH), join, 3);
    int stream = 0;
    for (Parameter parameter : learner.store().parameters()) {
      if (parameter.name().endsWith("bias")) {
        CounterRandom random = new CounterRandom(5, stream++, 0);
        double[] values = parameter.get();
        Arrays.setAll(values, i -> 0.3 * random.normal(i));
        parameter.set(values);
      }
    }
    return learner;
  }

  private static double[] value(JointLearner learner, String parameter) {
    return learner.store().parameters().stream()
        .filter(p -> p.name().equals(parameter))
        .findFirst()
        .orElseThrow()
        .get();
  }

  /** What a modality's encoder makes of all samples, [sample][feature]. */
  private double[][] features(JointLearner learner, int m) {
    Modality modality = data.modalities().get(m);
    try (ParameterStore copy = new ParameterStore(context)) {
      Layer encoder =
          SmallEncoder.of(copy.group(modality.name()), modality, WIDTH, new CounterRandom(0, 0, 0));
      copy.parameters().forEach(p -> p.set(value(learner, p.name())));
      tape.reset();
      double[] flat = encoder.forward(batch.inputs(tape, m, SAMPLES)).toDoubleArray();
      double[][] features = new double[SAMPLES.length][];
      Arrays.setAll(features, i -> Arrays.copyOfRange(flat, i * WIDTH, (i + 1) * WIDTH));
      return features;
    }
  }

  /** weight [classes, input] times an input, plus a bias [classes]. */
  private static double[] linear(double[] weight, double[] bias, double[] input) {
    double[] out = bias.clone();
    for (int c = 0; c < out.length; c++) {
      for (int j = 0; j < input.length; j++) {
        out[c] += weight[c * input.length + j] * input[j];
      }
    }
    return out;
  }

  /** The logits of both ways to join, in plain arithmetic. */
  private double[][] logits(JointLearner learner, Join join) {
    return join == Join.MEAN ? meanOfHeads(learner) : oneHeadOnZeroFilledFeatures(learner);
  }

  private double[][] meanOfHeads(JointLearner learner) {
    double[][] mean = new double[SAMPLES.length][Toy.CLASSES];
    for (int m = 0; m < 2; m++) {
      String name = data.modalityNames().get(m);
      double[] weight = value(learner, name + ".head.weight");
      double[] bias = value(learner, name + ".head.bias");
      double[][] features = features(learner, m);
      for (int i = 0; i < SAMPLES.length; i++) {
        int there = (presence.present(i, 0) ? 1 : 0) + (presence.present(i, 1) ? 1 : 0);
        double[] own = linear(weight, bias, features[i]);
        for (int c = 0; presence.present(i, m) && c < Toy.CLASSES; c++) {
          mean[i][c] += own[c] / there;
        }
      }
    }
    return mean;
  }

  private double[][] oneHeadOnZeroFilledFeatures(JointLearner learner) {
    double[] weight = new double[Toy.CLASSES * 2 * WIDTH];
    double[][] joined = new double[SAMPLES.length][2 * WIDTH];
    for (int m = 0; m < 2; m++) {
      double[] part = value(learner, data.modalityNames().get(m) + ".head.weight");
      for (int c = 0; c < Toy.CLASSES; c++) {
        System.arraycopy(part, c * WIDTH, weight, (2 * c + m) * WIDTH, WIDTH);
      }
      double[][] features = features(learner, m);
      for (int i = 0; i < SAMPLES.length; i++) {
        if (presence.present(i, m)) {
          System.arraycopy(features[i], 0, joined[i], m * WIDTH, WIDTH);
        }
      }
    }
    double[] bias = value(learner, "head.linear.bias");
    return Arrays.stream(joined).map(x -> linear(weight, bias, x)).toArray(double[][]::new);
  }

  private static void assertClose(double[][] wanted, double[][] got) {
    assertEquals(wanted.length, got.length);
    for (int i = 0; i < wanted.length; i++) {
      assertArrayEquals(wanted[i], got[i], 1e-12, "sample " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(Join.class)
  void logitsAreThoseOfPlainArithmetic(Join join) {
    try (JointLearner learner = learner(join)) {
      double[][] wanted = logits(learner, join);
      tape.reset();
      double[] flat = learner.logits(tape, batch).toDoubleArray();
      double[][] got = new double[SAMPLES.length][];
      int classes = Toy.CLASSES;
      Arrays.setAll(got, i -> Arrays.copyOfRange(flat, i * classes, (i + 1) * classes));
      assertClose(wanted, got);
    }
  }

  @ParameterizedTest
  @EnumSource(Join.class)
  void whatIsSaidOfASplitIsWhatIsLearnedOfABatch(Join join) {
    try (JointLearner learner = learner(join)) {
      double[][] wanted = logits(learner, join);
      assertClose(wanted, learner.outputs(tape, data, data.train()).logits(presence));
    }
  }

  @ParameterizedTest
  @EnumSource(Join.class)
  void theLossIsTheCrossEntropyOfTheLogits(Join join) {
    try (JointLearner learner = learner(join);
        Losses losses = new Losses(context, 1, 1)) {
      double[][] logits = logits(learner, join);
      double wanted = 0;
      for (int i = 0; i < SAMPLES.length; i++) {
        double exponentials = Arrays.stream(logits[i]).map(Math::exp).sum();
        wanted += Math.log(exponentials) - logits[i][data.train().labels()[i]];
      }
      learner.learn(tape, batch, 0.05, 0, 1, losses);
      losses.endStep();
      assertEquals(wanted / SAMPLES.length, losses.read()[0], 1e-12);
    }
  }

  @ParameterizedTest
  @EnumSource(Join.class)
  void gradientsAreThoseOfCentralDifferences(Join join) {
    try (JointLearner learner = learner(join)) {
      // the many weights of the second convolution are checked with the op itself
      List<Parameter> checked =
          learner.store().parameters().stream()
              .filter(p -> !p.name().endsWith("conv2.weight"))
              .toList();
      assertEquals(learner.store().parameters().size() - 2, checked.size());
      double error =
          GradCheck.maxError(
              tape,
              checked,
              t -> SoftmaxOp.crossEntropy(learner.logits(t, batch), batch.labels(t)));
      assertTrue(error < 1e-7, "error " + error);
    }
  }
}
