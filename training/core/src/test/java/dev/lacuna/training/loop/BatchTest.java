package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchTest {
  private static final int IMAGE = 0;
  private static final int AUDIO = 1;
  private static final byte[] TABLE = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1};

  private final MultimodalData data = Toy.data(6, 1, 1);
  private final Presence presence = new Presence(6, 2, TABLE);

  private Batch batch(int... samples) {
    return new Batch(data, data.train(), presence, samples, RandomShift.none(2));
  }

  @Test
  void aModalityHasTheRowsOfTheSamplesThatHaveItInOrder() {
    Batch batch = batch(5, 1, 3, 2);
    assertArrayEquals(new int[] {0, 2, 3}, batch.positions(IMAGE));
    assertArrayEquals(new int[] {0, 1, 2}, batch.positions(AUDIO));
    assertArrayEquals(new int[0], batch(1, 4).positions(IMAGE));
    try (Context context = Lacuna.open(Device.parse("reference"));
        Tape tape = new Tape(context)) {
      Tensor images = batch.inputs(tape, IMAGE, batch.positions(IMAGE));
      assertArrayEquals(new long[] {3, 1, 4, 4}, images.shape());
      float[] values = images.toArray();
      int[] samples = {5, 3, 2};
      for (int i = 0; i < samples.length; i++) {
        assertArrayEquals(
            data.modalities().get(IMAGE).rows()[samples[i]],
            Arrays.copyOfRange(values, 16 * i, 16 * (i + 1)));
      }
      assertArrayEquals(
          new int[] {2, 0, 2}, batch.labels(tape, batch.positions(IMAGE)).toIntArray());
      assertArrayEquals(new int[] {2, 1, 0, 2}, batch.labels(tape).toIntArray());
    }
  }

  @Test
  void aBatchOfOneHasOneRow() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        Tape tape = new Tape(context)) {
      Batch batch = batch(4);
      assertEquals(0, batch.positions(IMAGE).length);
      Tensor sound = batch.inputs(tape, AUDIO, batch.positions(AUDIO));
      assertArrayEquals(new long[] {1, 1, 4, 5}, sound.shape());
      assertArrayEquals(data.modalities().get(AUDIO).rows()[4], sound.toArray());
    }
  }

  @Test
  void targetsAreThoseOfTheSamplesOfTheBatch() {
    boolean[][] targets = {{true, false}, {true, true}, {false, false}};
    Split split =
        Split.multiLabel("train", targets, new int[][] {{0, 1, 2}}, List.of("a", "b", "c"));
    Modality image = new Modality("image", 1, 1, 1, new float[3][1]);
    MultimodalData made = new MultimodalData("m", List.of(image), 2, split, split, split, null);
    Batch some = new Batch(made, split, split.presence(), new int[] {2, 0, 1}, RandomShift.none(1));
    assertArrayEquals(new float[][] {{0, 0}, {1, 0}, {1, 1}}, some.targets());
    assertThrows(IllegalArgumentException.class, () -> batch(1).targets());
  }

  @Test
  void aShiftLeavesTokensWhereTheyAre() {
    float[][] texts = {{1, 5, 2, 0}, {1, 2, 0, 0}, {7, 8, 9, 2}};
    Modality text = Modality.ofTokens("text", 4, 10, texts);
    Split full = new Split("train", new int[3], new int[][] {{2, 0, 1}});
    MultimodalData made = new MultimodalData("m", List.of(text), 2, full, full, full, null);
    RandomShift shift = new RandomShift(new int[] {3}, new CounterRandom(1, 2, 3));
    Batch batch = new Batch(made, full, Presence.complete(3, 1), new int[] {2, 0}, shift);
    assertArrayEquals(
        new float[][] {{1, 2, 0, 0}, {7, 8, 9, 2}}, batch.rows(0, batch.positions(0)));
  }
}
