package dev.lacuna.training.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.data.Errors;
import dev.lacuna.training.data.IdxReader;
import dev.lacuna.training.data.LabelledImages;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ColouredImagesTest {
  private static final int SIDE = 4;
  private static final double PAPER = (1 - 0.85) / 0.25;

  /** Pictures whose pixels are all of one shade. */
  private static LabelledImages plain(int shade, int... labels) {
    byte[] pixels = new byte[labels.length * SIDE * SIDE];
    Arrays.fill(pixels, (byte) shade);
    byte[] bytes = new byte[labels.length];
    for (int i = 0; i < labels.length; i++) {
      bytes[i] = (byte) labels[i];
    }
    return new LabelledImages(
        new IdxReader.Images(labels.length, SIDE, SIDE, pixels), bytes, Path.of("set-" + shade));
  }

  private final ColouredImages images =
      new ColouredImages(List.of(plain(255, 0, 1, 2), plain(0, 2, 0)), 3);
  private final CounterRandom random = new CounterRandom(1, 2, 3);

  @Test
  void classesOfTheSetsAreAllDifferent() {
    assertEquals(5, images.size());
    assertEquals(6, images.classes());
    assertArrayEquals(
        new int[] {0, 1, 2, 5, 3}, IntStream.range(0, 5).map(images::label).toArray());
  }

  @Test
  void anObjectHasOneInkAndItsPlaceVaries() {
    Set<Integer> places = new HashSet<>();
    for (long draw = 0; draw < 200; draw++) {
      float[] image = images.image(0, random, draw);
      int plane = ColouredImages.SIZE * ColouredImages.SIZE;
      assertEquals(ColouredImages.CHANNELS * plane, image.length);
      int first = -1;
      for (int i = 0; i < plane; i++) {
        boolean inked = false;
        for (int c = 0; c < ColouredImages.CHANNELS; c++) {
          float value = image[c * plane + i];
          assertTrue(value <= PAPER + 1e-6, "paper is the lightest");
          inked |= Math.abs(value - PAPER) > 1e-6;
          if (first >= 0 && inked) {
            assertEquals(image[c * plane + first], value, "one ink");
          }
        }
        first = first < 0 && inked ? i : first;
      }
      places.add(first);
    }
    assertTrue(places.size() > 150, "200 draws fall on " + places.size() + " places");
    assertArrayEquals(images.image(0, random, 7), images.image(0, random, 7));
    assertFalse(Arrays.equals(images.image(0, random, 7), images.image(0, random, 8)));
  }

  @Test
  void nothingInAPictureLeavesPaper() {
    for (float value : images.image(4, random, 1)) {
      assertEquals(PAPER, value, 1e-6);
    }
  }

  @Test
  void setsAreDrawnFromByTurns() {
    int[] chosen = images.some(2, random);
    assertEquals(4, Arrays.stream(chosen).distinct().count());
    assertTrue(chosen[0] < 3 && chosen[2] < 3 && chosen[1] >= 3 && chosen[3] >= 3);
    Errors.assertMessage(
        () -> images.some(3, random), "set-0: there are 2 pictures, want 3 or fewer --images");
  }
}
