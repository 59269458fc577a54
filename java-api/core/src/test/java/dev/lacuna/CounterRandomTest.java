package dev.lacuna;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Draws are those of Philox, and have the moments of their distribution. */
final class CounterRandomTest {
  @Test
  void zeroCounterAndKeyGiveTheKnownAnswerOfPhilox4x32() {
    CounterRandom random = new CounterRandom(0, 0, 0);
    int[] drawn = {random.bits(0), random.bits(1), random.bits(2), random.bits(3)};
    assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, drawn);
  }

  @Test
  void seedStreamStepAndIndexAllMatter() {
    int base = new CounterRandom(1, 2, 3).bits(4);
    assertEquals(base, new CounterRandom(1, 2, 3).bits(4));
    assertNotEquals(base, new CounterRandom(2, 2, 3).bits(4));
    assertNotEquals(base, new CounterRandom(1L << 32 | 1, 2, 3).bits(4));
    assertNotEquals(base, new CounterRandom(1, 3, 3).bits(4));
    assertNotEquals(base, new CounterRandom(1, 2, 4).bits(4));
    assertNotEquals(base, new CounterRandom(1, 2, 3).bits(5));
    assertNotEquals(base, new CounterRandom(1, 2, 3).bits(4 + (1L << 34)));
  }

  @Test
  void uniformsAndNormalsHaveTheirMoments() {
    CounterRandom random = new CounterRandom(5, 0, 0);
    int n = 100_000;
    double uniform = 0;
    double normal = 0;
    double square = 0;
    for (int i = 0; i < n; i++) {
      float u = random.uniform(i);
      assertTrue(u >= 0 && u < 1);
      uniform += u / n;
      double z = random.normal(i);
      normal += z / n;
      square += z * z / n;
    }
    assertEquals(0.5, uniform, 0.005);
    assertEquals(0, normal, 0.015);
    assertEquals(1, square, 0.02);
  }

  @Test
  void numbersBelowABoundAreSpreadEvenly() {
    CounterRandom random = new CounterRandom(6, 0, 0);
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[random.below(i, 7)]++;
    }
    for (int count : counts) {
      assertEquals(10_000, count, 400);
    }
    assertThrows(IllegalArgumentException.class, () -> random.below(0, 0));
  }

  @Test
  void aPermutationHoldsEveryNumberOnce() {
    int[] order = new CounterRandom(7, 0, 0).permutation(1000);
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < sorted.length; i++) {
      assertEquals(i, sorted[i]);
    }
    assertNotEquals(Arrays.toString(sorted), Arrays.toString(order));
  }
}
