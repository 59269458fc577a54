package dev.lacuna.training.pretrain;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.LabelledImages;
import java.util.List;

/**
 * Grey pictures of several sets as coloured ones of 32 x 32 on white: each time with an ink of
 * random colour, and at a random place. Where an object lies and what colour it has says nothing of
 * its class, as in the pictures that the transformer is meant for.
 */
final class ColouredImages {
  static final int SIZE = 32;
  static final int CHANNELS = 3;

  /** Most of each colour that an ink has. */
  private static final float LIGHTEST = 0.7f;

  /** Of what comes out: pictures are standardised before a transformer sees them. */
  private static final float MEAN = 0.85f;

  private static final float SD = 0.25f;

  private final List<LabelledImages> sets;
  private final int classesOfSet;

  /**
   * Pictures of several sets, whose classes are all different.
   *
   * @param classesOfSet classes of each set
   */
  ColouredImages(List<LabelledImages> sets, int classesOfSet) {
    this.sets = List.copyOf(sets);
    this.classesOfSet = classesOfSet;
  }

  int size() {
    return sets.stream().mapToInt(LabelledImages::size).sum();
  }

  int classes() {
    return sets.size() * classesOfSet;
  }

  /**
   * Some pictures of each set, at random, those of the sets by turns.
   *
   * @throws LacunaException where a set has fewer
   */
  int[] some(int ofEach, CounterRandom random) {
    int[] chosen = new int[ofEach * sets.size()];
    int first = 0;
    for (int s = 0; s < sets.size(); s++) {
      LabelledImages set = sets.get(s);
      if (set.size() < ofEach) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            set.file()
                + ": there are "
                + set.size()
                + " pictures, want "
                + ofEach
                + " or fewer --images");
      }
      int[] order = random.permutation(set.size());
      for (int i = 0; i < ofEach; i++) {
        chosen[i * sets.size() + s] = first + order[i];
      }
      first += set.size();
    }
    return chosen;
  }

  int label(int index) {
    int at = index;
    for (int s = 0; s < sets.size(); s++) {
      if (at < sets.get(s).size()) {
        return s * classesOfSet + sets.get(s).label(at);
      }
      at -= sets.get(s).size();
    }
    throw new IndexOutOfBoundsException(index);
  }

  /** A picture [3, 32, 32], standardised; another one for each draw. */
  float[] image(int index, CounterRandom random, long draw) {
    int at = index;
    int s = 0;
    while (at >= sets.get(s).size()) {
      at -= sets.get(s).size();
      s++;
    }
    float[] grey = sets.get(s).image(at);
    int side = (int) Math.round(Math.sqrt(grey.length));
    long first = draw * 16;
    int top = random.below(first, SIZE - side + 1);
    int left = random.below(first + 1, SIZE - side + 1);
    float[] ink = new float[CHANNELS];
    for (int c = 0; c < CHANNELS; c++) {
      ink[c] = LIGHTEST * random.uniform(first + 2 + c);
    }
    float[] image = new float[CHANNELS * SIZE * SIZE];
    for (int c = 0; c < CHANNELS; c++) {
      for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
          boolean inside = y >= top && y < top + side && x >= left && x < left + side;
          float shade = inside ? grey[(y - top) * side + x - left] : 0;
          image[(c * SIZE + y) * SIZE + x] = (1 - shade * (1 - ink[c]) - MEAN) / SD;
        }
      }
    }
    return image;
  }
}
