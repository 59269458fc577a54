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
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Sequences of digits, the same in every modality.
 *
 * <p>A sequence has a class, drawn uniformly. Each step is the class's digit with probability 1/2
 * and else one of the other nine; a sequence is drawn again until its class is the digit that it
 * has most often, alone. So a sequence's label can be told from the labels of its steps.
 *
 * <p>What is not the digit is private to a modality: every step has an image of its own, of any
 * hand, and all clips of a sequence are of one voice with one setting (of one speaker's recordings
 * the first of each digit, or the second and so on), all its words of one language. Images of the
 * training file are in training but for a sixth, drawn by the seed, which is validation's; images
 * of the test file, and the voices and languages of the test, are in the test alone.
 */
final class DigitSequences {
  static final String IMAGE = "image";
  static final String AUDIO = "audio";
  static final String TEXT = "text";

  /** The part of MNIST's training images that validation has. */
  private static final int VALIDATION = 6;

  // streams of random numbers; the step is the split's code
  private static final int CHOOSE_CLASSES = 0x1D01;
  private static final int CHOOSE_DIGITS = 0x1D02;
  private static final int DIVIDE_IMAGES = 0x1D03;
  private static final int CHOOSE_IMAGES = 0x1D04;
  private static final int CHOOSE_VOICES = 0x1D05;
  private static final int CHOOSE_LANGUAGES = 0x1D06;

  private final DigitSequencesSource source;

  /** digits[s] are the sequences of split s, [sequence][step]; labels[s] their classes. */
  private final int[][][] digits = new int[Part.values().length][][];

  private final int[][] labels = new int[Part.values().length][];

  private final List<Modality> modalities = new ArrayList<>();

  /** What sequences of each split have in common. */
  private final List<Map<String, List<String>>> groups =
      Stream.of(Part.values())
          .<Map<String, List<String>>>map(part -> new LinkedHashMap<>())
          .toList();

  private DigitSequences(DigitSequencesSource source) {
    this.source = source;
    for (Part part : Part.values()) {
      draw(part);
    }
  }

  /** All sequences. */
  static MultimodalData load(DigitSequencesSource source, Path folder, Progress progress) {
    DigitSequences sequences = new DigitSequences(source);
    for (String name : source.modalities()) {
      switch (name) {
        case IMAGE -> sequences.addImages(DigitImages.load(folder, progress));
        case AUDIO -> {
          LogMel.Options mel = LogMel.Options.DEFAULT;
          DigitPool clips = DigitPool.clips(folder, mel, progress);
          sequences.addStyled(AUDIO, "voice", mel.bands(), mel.frames(), clips, CHOOSE_VOICES);
        }
        default -> {
          DigitPool words = NumberWords.load(new TextFeatures(TextFeatures.SIZE));
          sequences.addStyled(TEXT, "language", 1, TextFeatures.SIZE, words, CHOOSE_LANGUAGES);
        }
      }
    }
    List<Split> splits = Stream.of(Part.values()).map(sequences::split).toList();
    return new MultimodalData(
        DigitSequencesSource.NAME,
        sequences.modalities,
        AvMnist.CLASSES,
        splits.get(0),
        splits.get(1),
        splits.get(2),
        null);
  }

  private int size(Part part) {
    return switch (part) {
      case TRAIN -> source.train();
      case VALIDATION -> source.validation();
      case TEST -> source.test();
    };
  }

  private void draw(Part part) {
    CounterRandom classes = new CounterRandom(source.seed(), CHOOSE_CLASSES, part.code());
    CounterRandom random = new CounterRandom(source.seed(), CHOOSE_DIGITS, part.code());
    int[][] sequences = new int[size(part)][];
    int[] ofSequences = new int[sequences.length];
    for (int i = 0; i < sequences.length; i++) {
      ofSequences[i] = classes.below(i, AvMnist.CLASSES);
      long attempt = (long) i << 32;
      do {
        sequences[i] = sequence(ofSequences[i], random, attempt++);
      } while (!standsOut(ofSequences[i], sequences[i]));
    }
    digits[part.code()] = sequences;
    labels[part.code()] = ofSequences;
  }

  private int[] sequence(int label, CounterRandom random, long attempt) {
    int[] sequence = new int[source.steps()];
    for (int t = 0; t < sequence.length; t++) {
      long draw = 2 * (attempt * sequence.length + t);
      int other = random.below(draw + 1, AvMnist.CLASSES - 1);
      sequence[t] = random.uniform(draw) < 0.5f ? label : other < label ? other : other + 1;
    }
    return sequence;
  }

  /** Whether no other digit is there as often. */
  private static boolean standsOut(int label, int[] sequence) {
    int[] counts = new int[AvMnist.CLASSES];
    for (int digit : sequence) {
      counts[digit]++;
    }
    return IntStream.range(0, counts.length)
        .allMatch(digit -> digit == label || counts[digit] < counts[label]);
  }

  private void addImages(DigitImages images) {
    LabelledImages fromTrain = images.train();
    int[] order = new CounterRandom(source.seed(), DIVIDE_IMAGES, 0).permutation(fromTrain.size());
    int training = order.length - order.length / VALIDATION;
    int[][][] chosen = new int[digits.length][][];
    for (Part part : Part.values()) {
      LabelledImages from = part == Part.TEST ? images.test() : fromTrain;
      int[] pool =
          switch (part) {
            case TRAIN -> Arrays.copyOf(order, training);
            case VALIDATION -> Arrays.copyOfRange(order, training, order.length);
            case TEST -> IntStream.range(0, from.size()).toArray();
          };
      int[][] ofDigit = ofDigits(from, pool, part);
      CounterRandom random = new CounterRandom(source.seed(), CHOOSE_IMAGES, part.code());
      chosen[part.code()] =
          map(
              part,
              (i, t, digit) -> {
                int[] candidates = ofDigit[digit];
                return candidates[random.below((long) i * source.steps() + t, candidates.length)];
              });
    }
    add(
        IMAGE,
        images.height(),
        images.width(),
        chosen,
        part -> (part == Part.TEST ? images.test() : fromTrain)::image);
  }

  private static int[][] ofDigits(LabelledImages images, int[] pool, Part part) {
    int[][] ofDigit = new int[AvMnist.CLASSES][];
    for (int label = 0; label < ofDigit.length; label++) {
      int digit = label;
      ofDigit[label] = Arrays.stream(pool).filter(i -> images.label(i) == digit).toArray();
      if (ofDigit[label].length == 0) {
        throw bad(
            images.file() + ": no image of digit " + digit + " for the " + part.text() + " split");
      }
    }
    return ofDigit;
  }

  /** A modality whose entries are in one style all through a sequence. */
  private void addStyled(
      String name, String style, int height, int width, DigitPool pool, int stream) {
    int[][][] chosen = new int[digits.length][][];
    for (Part part : Part.values()) {
      List<int[]> styles = styles(pool, part, style);
      CounterRandom random = new CounterRandom(source.seed(), stream, part.code());
      int[][] ofSequence = new int[size(part)][];
      Arrays.setAll(ofSequence, i -> styles.get(random.below(i, styles.size())));
      chosen[part.code()] = map(part, (i, _, digit) -> ofSequence[i][digit]);
      groups
          .get(part.code())
          .put(style, Arrays.stream(ofSequence).map(of -> pool.sources().get(of[0])).toList());
    }
    add(name, height, width, chosen, _ -> entry -> pool.features()[entry]);
  }

  /** The entries of the ten digits of each style: a source's first ones, its second and so on. */
  private static List<int[]> styles(DigitPool pool, Part part, String name) {
    int[][] entriesOf = pool.entriesOf(part, "entry of a " + name);
    List<int[]> styles = new ArrayList<>();
    for (String of : pool.sources().stream().distinct().toList()) {
      int[][] own =
          Arrays.stream(entriesOf)
              .map(entries ->
                  Arrays.stream(entries).filter(e -> pool.sources().get(e).equals(of)).toArray())
              .toArray(int[][]::new);
      int takes = Arrays.stream(own).mapToInt(entries -> entries.length).min().orElse(0);
      for (int take = 0; take < takes; take++) {
        int number = take;
        styles.add(Arrays.stream(own).mapToInt(entries -> entries[number]).toArray());
      }
    }
    if (styles.isEmpty()) {
      throw bad("no " + name + " of the " + part.text() + " split has all ten digits");
    }
    return styles;
  }

  /** Chooses the entry of a step. */
  private interface Choice {
    int entry(int sequence, int step, int digit);
  }

  private int[][] map(Part part, Choice choice) {
    int[][] of = digits[part.code()];
    return IntStream.range(0, of.length)
        .mapToObj(
            i -> IntStream.range(0, of[i].length).map(t -> choice.entry(i, t, of[i][t])).toArray())
        .toArray(int[][]::new);
  }

  /**
   * Adds a modality.
   *
   * @param chosen entries by split, sequence and step
   * @param features the features of the entries of a split, not normalised
   */
  private void add(
      String name,
      int height,
      int width,
      int[][][] chosen,
      Function<Part, IntFunction<float[]>> features) {
    float[][] rows =
        Stream.of(Part.values())
            .flatMap(part ->
                Arrays.stream(chosen[part.code()])
                    .map(entries -> joined(entries, features.apply(part), height * width)))
            .toArray(float[][]::new);
    Scaling scaling = Scaling.of(rows, IntStream.range(0, source.train()).toArray());
    scaling.apply(rows);
    modalities.add(Modality.ofSequences(name, source.steps(), 1, height, width, rows, scaling));
  }

  private static float[] joined(int[] entries, IntFunction<float[]> features, int size) {
    float[] row = new float[entries.length * size];
    for (int t = 0; t < entries.length; t++) {
      System.arraycopy(features.apply(entries[t]), 0, row, t * size, size);
    }
    return row;
  }

  private Split split(Part part) {
    int first =
        switch (part) {
          case TRAIN -> 0;
          case VALIDATION -> source.train();
          case TEST -> source.train() + source.validation();
        };
    int[] rows = IntStream.range(first, first + size(part)).toArray();
    int[][] rowOf = modalities.stream().map(modality -> rows).toArray(int[][]::new);
    return new Split(part.text(), labels[part.code()], rowOf)
        .withGroups(groups.get(part.code()))
        .withStepLabels(digits[part.code()]);
  }

  private static LacunaException bad(String message) {
    return new LacunaException(Status.INVALID_ARGUMENT, message);
  }
}
