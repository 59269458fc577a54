package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.mla.MlaLearner;
import dev.lacuna.training.mla.MlaOptionsTest;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PredictionsTest {
  private final MultimodalData data = Toy.data(3, 3, 300);
  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);
  private final Learner learner = new MlaLearner(context, data, MlaOptionsTest.SMALL, 0);

  @AfterEach
  void close() {
    learner.close();
    tape.close();
    context.close();
  }

  /** Some samples of the test split, as a split. */
  private Split some(int... samples) {
    Split test = data.test();
    int[] labels = Arrays.stream(samples).map(i -> test.labels()[i]).toArray();
    int[][] rows = new int[2][];
    for (int m = 0; m < 2; m++) {
      int[] all = test.rowOf()[m];
      rows[m] = Arrays.stream(samples).map(i -> all[i]).toArray();
    }
    return new Split("some", labels, rows);
  }

  @Test
  void aPredictionIsTheSameInEveryBatch() {
    Predictions all = Predictions.of(learner, tape, data, data.test());
    for (int sample : new int[] {0, 1, 100, 255, 256, 299}) {
      Predictions alone = Predictions.of(learner, tape, data, some(sample));
      Predictions mixed = Predictions.of(learner, tape, data, some(7, 299, sample, 3, sample));
      for (int m = 0; m < 2; m++) {
        assertArrayEquals(all.logits()[m][sample], alone.logits()[m][0]);
        assertArrayEquals(all.logits()[m][sample], mixed.logits()[m][2]);
        assertArrayEquals(all.logits()[m][sample], mixed.logits()[m][4]);
        assertEquals(all.entropy()[m][sample], alone.entropy()[m][0]);
      }
    }
  }

  @Test
  void whatTheDataLacksIsNotPredicted() {
    Split split = some(0, 1, 2);
    split.rowOf()[0][1] = Split.ABSENT;
    Predictions predictions = Predictions.of(learner, tape, data, split);
    assertNull(predictions.logits()[0][1]);
    assertEquals(Toy.CLASSES, predictions.logits()[1][1].length);
    double accuracy = predictions.accuracy(Fusion.Mode.DYNAMIC, split.presence());
    assertTrue(accuracy >= 0 && accuracy <= 1, "accuracy " + accuracy);
  }

  @Test
  void accuracyFollowsThePresenceTable() {
    Split split = some(0, 1);
    double[][][] logits = {{{9, 0, 0}, {9, 0, 0}}, {{0, 0, 9}, {0, 9, 0}}};
    double[][] entropy = {{0.1, 0.1}, {0.5, 0.5}};
    Predictions predictions = new Predictions(split, logits, entropy);
    assertArrayEquals(new int[] {0, 1}, split.labels());
    Fusion.Mode dynamic = Fusion.Mode.DYNAMIC;
    assertEquals(0.5, predictions.accuracy(dynamic, Presence.complete(2, 2)));
    assertEquals(1.0, predictions.accuracy(dynamic, new Presence(2, 2, new byte[] {1, 0, 0, 1})));
    assertEquals(0.0, predictions.accuracy(dynamic, new Presence(2, 2, new byte[] {0, 1, 1, 0})));
  }

  @Test
  void aModelThatHasDivergedIsAClearError() {
    Parameter weight = learner.store().parameters().getFirst();
    double[] values = weight.get();
    Arrays.fill(values, Double.NaN);
    weight.set(values);
    String message =
        assertThrows(LacunaException.class, () -> Predictions.of(learner, tape, data, data.test()))
            .getMessage();
    assertTrue(message.contains("image for sample 0"), message);
    assertTrue(message.contains("--learning-rate"), message);
  }
}
