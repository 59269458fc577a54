package dev.lacuna.training.baseline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnsembleLearnerTest {
  private static final int SAMPLES = 6;
  private static final byte[] HALF = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0};

  private static final int[] ALL = {0, 1, 2, 3, 4, 5};

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  private EnsembleLearner learner(MultimodalData data, Fusion.Mode fusion) {
    return new EnsembleLearner(
        context, data, TrainingOptions.DEFAULT, new EnsembleOptions(8, fusion), 0);
  }

  /** The networks' parameters by modality after some steps on samples. */
  private double[][][] trained(MultimodalData data, byte[] table, int... samples) {
    Batch batch =
        new Batch(
            data, data.train(), new Presence(SAMPLES, 2, table), samples, RandomShift.none(2));
    try (EnsembleLearner learner = learner(data, Fusion.Mode.DYNAMIC);
        Losses losses = new Losses(context, 3, 2)) {
      for (int step = 0; step < 3; step++) {
        learner.learn(tape, batch, 0.05, step, 3, losses);
        losses.endStep();
      }
      return learner.store().groups().stream()
          .map(group -> group.parameters().stream().map(Parameter::get).toArray(double[][]::new))
          .toArray(double[][][]::new);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aMemberLearnsWhateverTheOtherSees(int other) {
    MultimodalData data = Toy.data(SAMPLES, 1, 1);
    double[][][] trained = trained(data, HALF, ALL);
    assertEquals(2, trained.length);
    CounterRandom random = new CounterRandom(9, 0, 0);
    float[][] rows = data.modalities().get(other).rows();
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < rows[i].length; j++) {
        rows[i][j] = (float) random.normal(i * rows[i].length + j);
      }
    }
    double[][][] again = trained(data, HALF, ALL);
    assertArrayEquals(trained[1 - other], again[1 - other]);
    assertFalse(Arrays.deepEquals(trained[other], again[other]), "other rows, same parameters");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aMemberLearnsAloneAsBesideTheOther(int other) {
    MultimodalData data = Toy.data(SAMPLES, 1, 1);
    int[] having = IntStream.of(ALL).filter(i -> HALF[2 * i + 1 - other] == 1).toArray();
    byte[] alone = HALF.clone();
    for (int sample : having) {
      alone[2 * sample + other] = 0;
    }
    double[][][] together = trained(data, HALF, ALL);
    double[][][] apart = trained(data, alone, having);
    assertArrayEquals(together[1 - other], apart[1 - other]);
    assertFalse(Arrays.deepEquals(together[other], apart[other]), "it learned from nothing");
  }

  @Test
  void theFusionThatIsAskedForIsUsed() {
    MultimodalData data = Toy.data(SAMPLES, 1, 3);
    Presence complete = Presence.complete(3, 2);
    Presence sound = new Presence(3, 2, new byte[] {0, 1, 0, 1, 0, 1});
    try (EnsembleLearner dynamic = learner(data, Fusion.Mode.DYNAMIC);
        EnsembleLearner fixed = learner(data, Fusion.Mode.FIXED)) {
      double[][] byEntropy = dynamic.outputs(tape, data, data.test()).logits(complete);
      double[][] bySound = dynamic.outputs(tape, data, data.test()).logits(sound);
      double[][] equally = fixed.outputs(tape, data, data.test()).logits(complete);
      assertFalse(Arrays.deepEquals(byEntropy, equally), "fixed is dynamic");
      assertArrayEquals(bySound, fixed.outputs(tape, data, data.test()).logits(sound));
    }
  }
}
