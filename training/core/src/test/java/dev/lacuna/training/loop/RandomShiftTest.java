package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.training.data.Modality;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RandomShiftTest {
  private static final List<String> NAMES = List.of("image", "audio");

  /** Two channels of 3 x 4. */
  private static final Modality PICTURE =
      new Modality("image", 2, 3, 4, new float[][] {counting(24)});

  private static float[] counting(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = i;
    }
    return values;
  }

  private static float[] shifted(RandomShift shift, long index) {
    float[] target = new float[24];
    shift.copy(PICTURE, 0, PICTURE.rows()[0], target, 0, index);
    return target;
  }

  /** Every pixel from where it was, or from the nearest pixel of its channel's edge. */
  private static float[] moved(int down, int right) {
    float[] target = new float[24];
    for (int i = 0; i < 24; i++) {
      int row = Math.min(2, Math.max(0, i / 4 % 3 - down));
      int column = Math.min(3, Math.max(0, i % 4 - right));
      target[i] = i / 12 * 12 + row * 4 + column;
    }
    return target;
  }

  @Test
  void autoMovesImagesWhereThereAreSome() {
    assertArrayEquals(
        new int[] {0, 1}, RandomShift.parse(RandomShift.AUTO, List.of("audio", "image")));
    assertArrayEquals(new int[1], RandomShift.parse(RandomShift.AUTO, List.of("audio")));
  }

  @Test
  void autoLeavesFeaturesOfOneRowInPlace() {
    Modality features = new Modality("image", 1, 1, 9, new float[0][]);
    assertArrayEquals(new int[1], RandomShift.of(RandomShift.AUTO, List.of(features)));
    assertArrayEquals(new int[] {1}, RandomShift.of(RandomShift.AUTO, List.of(PICTURE)));
    assertArrayEquals(new int[] {2}, RandomShift.of("image=2", List.of(features)));
  }

  @Test
  void aSpecNamesModalitiesAndLeavesTheOthersInPlace() {
    assertArrayEquals(new int[] {0, 0}, RandomShift.parse("none", NAMES));
    assertArrayEquals(new int[] {0, 2}, RandomShift.parse("audio=2", NAMES));
    assertArrayEquals(new int[] {1, 12}, RandomShift.parse("audio = 12, image =1", NAMES));
    assertArrayEquals(new int[] {0, 0}, RandomShift.parse("image=0", NAMES));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "image",
        "image=",
        "image=-1",
        "image=1.5",
        "image=x",
        "image=1000",
        "video=1",
        "image=1,",
        "image=1;audio=1",
        "=1",
        "None"
      })
  void aBadSpecIsRefusedWithWhatIsWanted(String spec) {
    String message =
        assertThrows(LacunaException.class, () -> RandomShift.parse(spec, NAMES)).getMessage();
    assertTrue(message.startsWith("--shift: got '"), message);
    assertTrue(message.contains("image=1 (modalities: image, audio)"), message);
  }

  @Test
  void noShiftCopies() {
    assertArrayEquals(counting(24), shifted(RandomShift.none(1), 0));
    float[] target = new float[30];
    RandomShift.none(1).copy(PICTURE, 0, PICTURE.rows()[0], target, 5, 3);
    assertArrayEquals(counting(24), Arrays.copyOfRange(target, 5, 29));
    assertEquals(0, target[4] + target[29]);
  }

  @Test
  void everyShiftUpToTheLargestOccursAndNoOther() {
    RandomShift shift = new RandomShift(new int[] {2}, new CounterRandom(1, 2, 3));
    Set<String> allowed = new HashSet<>();
    for (int down = -2; down <= 2; down++) {
      for (int right = -2; right <= 2; right++) {
        allowed.add(Arrays.toString(moved(down, right)));
      }
    }
    assertEquals(25, allowed.size());
    Set<String> seen = new HashSet<>();
    for (int index = 0; index < 500; index++) {
      seen.add(Arrays.toString(shifted(shift, index)));
    }
    assertEquals(allowed, seen);
  }

  @Test
  void aShiftPastTheEdgeRepeatsIt() {
    RandomShift shift = new RandomShift(new int[] {999}, new CounterRandom(1, 2, 3));
    for (int index = 0; index < 50; index++) {
      for (float value : shifted(shift, index)) {
        assertTrue(value >= 0 && value < 24, "value " + value);
      }
    }
  }

  @Test
  void drawsDependOnSeedStepAndIndexAlone() {
    RandomShift shift = new RandomShift(new int[] {2}, new CounterRandom(1, 2, 3));
    RandomShift again = new RandomShift(new int[] {2}, new CounterRandom(1, 2, 3));
    RandomShift otherSeed = new RandomShift(new int[] {2}, new CounterRandom(2, 2, 3));
    int same = 0;
    for (int index = 39; index >= 0; index--) {
      assertArrayEquals(shifted(shift, index), shifted(again, index));
      same += Arrays.equals(shifted(shift, index), shifted(otherSeed, index)) ? 1 : 0;
    }
    assertTrue(same < 15, same + " of 40 shifts are the same with another seed");
  }
}
