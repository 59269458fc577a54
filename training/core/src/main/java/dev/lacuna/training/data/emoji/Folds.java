package dev.lacuna.training.data.emoji;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.data.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Five folds of a like number of samples of each class, in which variants of one base emoji stay
 * together. Of a class the base emoji with the most variants come first, in random order where they
 * have the same number; each goes to the fold that has the fewest samples of the class, of those to
 * the one with the fewest in all, of those to the first.
 */
final class Folds {
  static final int COUNT = 5;

  /** Stream of random numbers; the step is the class. */
  private static final int ORDER = 0x1E01;

  private Folds() {}

  /** The fold of each sample. */
  static int[] of(List<Emoji> emoji, long seed) {
    List<Map<String, Integer>> sizes = new ArrayList<>();
    Emoji.CLASSES.forEach(name -> sizes.add(new TreeMap<>()));
    Map<String, Integer> classOf = new HashMap<>();
    for (Emoji one : emoji) {
      int label = classOf.computeIfAbsent(one.base(), base -> one.label());
      sizes.get(label).merge(one.base(), 1, Integer::sum);
    }
    int[] inAll = new int[COUNT];
    Map<String, Integer> foldOf = new HashMap<>();
    for (int label = 0; label < sizes.size(); label++) {
      Map<String, Integer> sizeOf = sizes.get(label);
      int[] inClass = new int[COUNT];
      for (String base : ordered(sizeOf, new CounterRandom(seed, ORDER, label))) {
        int fold = 0;
        for (int f = 1; f < COUNT; f++) {
          if (inClass[f] < inClass[fold]
              || (inClass[f] == inClass[fold] && inAll[f] < inAll[fold])) {
            fold = f;
          }
        }
        int size = Objects.requireNonNull(sizeOf.get(base));
        inClass[fold] += size;
        inAll[fold] += size;
        foldOf.put(base, fold);
      }
    }
    return emoji.stream().mapToInt(one -> foldOf.get(one.base())).toArray();
  }

  private static List<String> ordered(Map<String, Integer> sizeOf, CounterRandom random) {
    List<String> bases = List.copyOf(sizeOf.keySet());
    return Arrays.stream(random.permutation(bases.size()))
        .mapToObj(bases::get)
        .sorted(Comparator.<String>comparingInt(sizeOf::get).reversed())
        .toList();
  }

  /** Which split a fold belongs to where another is the test. */
  static Part part(int fold, int test) {
    if (fold == test) {
      return Part.TEST;
    }
    return fold == (test + 1) % COUNT ? Part.VALIDATION : Part.TRAIN;
  }
}
