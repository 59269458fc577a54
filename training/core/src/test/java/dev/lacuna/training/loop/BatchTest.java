package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MultimodalData;
import java.util.Arrays;
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
}
