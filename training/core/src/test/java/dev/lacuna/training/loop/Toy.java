package dev.lacuna.training.loop;

import dev.lacuna.CounterRandom;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import java.util.List;

/**
 * A data set in memory: 3 classes, an image of 4 x 4 and a sound of 4 x 5, each bright at places
 * that tell the class, with noise.
 */
public final class Toy {
  public static final int CLASSES = 3;

  private Toy() {}

  /** Every sample has both modalities. */
  public static MultimodalData data(int train, int validation, int test) {
    Modality audio = modality("audio", 4, 5, train + validation + test, 1);
    return data(audio, train, validation, test);
  }

  /** With a text of 3 to 5 tokens instead of the sound, one of which tells the class. */
  public static MultimodalData texts(int train, int validation, int test) {
    int all = train + validation + test;
    CounterRandom random = new CounterRandom(11, 2, 0);
    float[][] texts = new float[all][6];
    for (int i = 0; i < all; i++) {
      int length = 3 + i / CLASSES % 3;
      for (int j = 0; j < length; j++) {
        texts[i][j] = 4 + random.below(6L * i + j, 5);
      }
      texts[i][i % length] = 1 + label(i);
    }
    return data(Modality.ofTokens("text", 6, 9, texts), train, validation, test);
  }

  private static MultimodalData data(Modality second, int train, int validation, int test) {
    int all = train + validation + test;
    Modality image = modality("image", 4, 4, all, 0);
    return new MultimodalData(
        "toy",
        List.of(image, second),
        CLASSES,
        split("train", 0, train),
        split("validation", train, train + validation),
        split("test", train + validation, all),
        null);
  }

  private static Modality modality(String name, int height, int width, int rows, int stream) {
    CounterRandom random = new CounterRandom(11, stream, 0);
    int size = height * width;
    float[][] features = new float[rows][size];
    for (int i = 0; i < rows * size; i++) {
      double signal = i % size % CLASSES == label(i / size) ? 1.5 : 0;
      features[i / size][i % size] = (float) (signal + 0.3 * random.normal(i));
    }
    return new Modality(name, 1, height, width, features);
  }

  private static int label(int row) {
    return row % CLASSES;
  }

  private static Split split(String name, int from, int to) {
    int[] labels = new int[to - from];
    int[][] rows = new int[2][to - from];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = label(from + i);
      rows[0][i] = from + i;
      rows[1][i] = from + i;
    }
    return new Split(name, labels, rows);
  }
}
