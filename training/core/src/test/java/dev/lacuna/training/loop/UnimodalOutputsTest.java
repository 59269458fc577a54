package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.encoder.SmallEncoder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UnimodalOutputsTest {
  private final MultimodalData data = Toy.data(3, 3, 300);
  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);
  private final ParameterStore store = new ParameterStore(context);
  private final List<Layer> networks = data.modalities().stream().map(this::network).toList();

  @AfterEach
  void close() {
    store.close();
    tape.close();
    context.close();
  }

  private Layer network(Modality modality) {
    ParameterGroup group = store.group(modality.name());
    return Layer.sequence(
        SmallEncoder.of(group, modality, 8, new CounterRandom(0, 0, 0)),
        new Linear(group, "head", 8, Toy.CLASSES, new CounterRandom(0, 1, 0)));
  }

  private UnimodalOutputs outputs(Split split) {
    return UnimodalOutputs.of(
        (modality, x) -> networks.get(modality).forward(x),
        UnimodalOutputsTest::dynamic,
        tape,
        data,
        split);
  }

  private static double[][] dynamic(double[][][] logits, double[][] entropy, Presence presence) {
    return Fusion.fuse(Fusion.Mode.DYNAMIC, logits, entropy, presence);
  }

  /** Some samples of the test split, as a split. */
  private Split some(int... samples) {
    return data.test().select(samples);
  }

  @Test
  void aPredictionIsTheSameInEveryBatch() {
    UnimodalOutputs all = outputs(data.test());
    for (int sample : new int[] {0, 1, 100, 255, 256, 299}) {
      UnimodalOutputs alone = outputs(some(sample));
      UnimodalOutputs mixed = outputs(some(7, 299, sample, 3, sample));
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
    UnimodalOutputs outputs = outputs(split);
    assertNull(outputs.logits()[0][1]);
    assertEquals(Toy.CLASSES, outputs.logits()[1][1].length);
    double accuracy = outputs.accuracy(split.presence());
    assertTrue(accuracy >= 0 && accuracy <= 1, "accuracy " + accuracy);
  }

  @Test
  void accuracyFollowsThePresenceTable() {
    Split split = some(0, 1);
    double[][][] logits = {{{9, 0, 0}, {9, 0, 0}}, {{0, 0, 9}, {0, 9, 0}}};
    double[][] entropy = {{0.1, 0.1}, {0.5, 0.5}};
    UnimodalOutputs outputs =
        new UnimodalOutputs(split, logits, entropy, UnimodalOutputsTest::dynamic);
    assertArrayEquals(new int[] {0, 1}, split.labels());
    assertEquals(0.5, outputs.accuracy(Presence.complete(2, 2)));
    assertEquals(1.0, outputs.accuracy(new Presence(2, 2, new byte[] {1, 0, 0, 1})));
    assertEquals(0.0, outputs.accuracy(new Presence(2, 2, new byte[] {0, 1, 1, 0})));
  }

  @Test
  void probabilitiesAreTheSoftmaxOfTheScores() {
    double[][][] logits = {{{0, Math.log(3), 0}, {1e4, 0, 0}}, {{5, 5, 5}, {0, 0, 0}}};
    UnimodalOutputs outputs =
        new UnimodalOutputs(some(0, 1), logits, new double[2][2], UnimodalOutputsTest::dynamic);
    double[][] one = outputs.probabilities(new Presence(2, 2, new byte[] {1, 0, 1, 0}));
    assertArrayEquals(new double[] {0.2, 0.6, 0.2}, one[0], 1e-15);
    assertArrayEquals(new double[] {1, 0, 0}, one[1]);
  }

  @Test
  void aModelThatHasDivergedIsAClearError() {
    Parameter weight = store.parameters().getFirst();
    double[] values = weight.get();
    Arrays.fill(values, Double.NaN);
    weight.set(values);
    String message = assertThrows(LacunaException.class, () -> outputs(data.test())).getMessage();
    assertTrue(message.contains("image for sample 0"), message);
    assertTrue(message.contains("--learning-rate"), message);
  }
}
