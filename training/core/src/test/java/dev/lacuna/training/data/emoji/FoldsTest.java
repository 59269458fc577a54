package dev.lacuna.training.data.emoji;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.data.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FoldsTest {
  /** 90 families of class 0, every tenth of 1 + i / 10 members, and 43 single ones of class 8. */
  private static List<Emoji> emoji() {
    List<Emoji> emoji = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      for (int member = 0; member <= (i % 10 == 0 ? i / 10 : 0); member++) {
        emoji.add(new Emoji(i + "-" + member, "base " + i, 0, ""));
      }
    }
    for (int i = 0; i < 43; i++) {
      emoji.add(new Emoji("flag " + i, "flag " + i, 8, ""));
    }
    return emoji;
  }

  @Test
  void aFamilyIsInOneFold() {
    List<Emoji> emoji = emoji();
    int[] folds = Folds.of(emoji, 0);
    Map<String, Integer> foldOf = new HashMap<>();
    for (int i = 0; i < folds.length; i++) {
      Integer before = foldOf.putIfAbsent(emoji.get(i).base(), folds[i]);
      assertTrue(before == null || before == folds[i], emoji.get(i).toString());
    }
  }

  @Test
  void foldsHaveAsMuchOfEachClassAsOfAll() {
    List<Emoji> emoji = emoji();
    int[] folds = Folds.of(emoji, 3);
    int[] all = new int[Folds.COUNT];
    int[] flags = new int[Folds.COUNT];
    for (int i = 0; i < folds.length; i++) {
      all[folds[i]]++;
      flags[folds[i]] += emoji.get(i).label() == 8 ? 1 : 0;
    }
    assertEquals(126 + 43, Arrays.stream(all).sum());
    for (int fold = 0; fold < Folds.COUNT; fold++) {
      assertTrue(flags[fold] == 8 || flags[fold] == 9, Arrays.toString(flags));
      assertTrue(all[fold] == 33 || all[fold] == 34, Arrays.toString(all));
    }
  }

  @Test
  void foldsHangOnTheSeedAlone() {
    int[] folds = Folds.of(emoji(), 1);
    assertArrayEquals(folds, Folds.of(emoji(), 1));
    assertFalse(Arrays.equals(folds, Folds.of(emoji(), 2)), "another seed, the same folds");
  }

  @Test
  void everyFoldIsTheTestOnceAndValidationOnce() {
    for (int test = 0; test < Folds.COUNT; test++) {
      int chosen = test;
      List<Part> parts =
          IntStream.range(0, Folds.COUNT).mapToObj(fold -> Folds.part(fold, chosen)).toList();
      assertEquals(Part.TEST, parts.get(test));
      assertEquals(Part.VALIDATION, parts.get((test + 1) % 5));
      assertEquals(3, parts.stream().filter(part -> part == Part.TRAIN).count());
    }
  }
}
