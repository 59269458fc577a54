package dev.lacuna.training.cmg;

import dev.lacuna.CounterRandom;
import java.util.List;

/** Codes made by hand. */
final class Coded {
  private Coded() {}

  /** Of an image and a sound; labels of samples are all 0. */
  static CodedSplit of(int[][] image, int[][] audio, int[][] stepLabels) {
    return new CodedSplit(
        List.of("image", "audio"), new int[][][] {image, audio}, new int[image.length], stepLabels);
  }

  /** Random codes. */
  static int[][] random(int samples, int steps, int codes, int stream) {
    CounterRandom random = new CounterRandom(3, stream, 0);
    int[][] drawn = new int[samples][steps];
    for (int at = 0; at < samples * steps; at++) {
      drawn[at / steps][at % steps] = random.below(at, codes);
    }
    return drawn;
  }

  /** Vectors drawn from a normal distribution about 10 in every dimension. */
  static double[][] codebook(int codes, int width) {
    CounterRandom random = new CounterRandom(3, 99, 0);
    double[][] vectors = new double[codes][width];
    for (int at = 0; at < codes * width; at++) {
      vectors[at / width][at % width] = 10 + random.normal(at);
    }
    return vectors;
  }

  /** Every code divided by a number: the class of codes that lie side by side. */
  static int[][] divided(int[][] codes, int by) {
    int[][] classes = new int[codes.length][];
    for (int i = 0; i < codes.length; i++) {
      classes[i] = new int[codes[i].length];
      for (int t = 0; t < codes[i].length; t++) {
        classes[i][t] = codes[i][t] / by;
      }
    }
    return classes;
  }
}
