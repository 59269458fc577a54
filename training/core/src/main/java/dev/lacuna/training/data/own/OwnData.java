package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A user's own data with labels, from one of
 *
 * <ul>
 *   <li>a CSV file with columns {@code id, image, audio, video, text, label} and perhaps {@code
 *       split} and {@code steps}, or a folder with one CSV file in it: paths of image and sound
 *       files and of arrays start at its folder, an empty cell is a missing modality. Arrays are
 *       features that were computed elsewhere, in {@code .npy} files of one shape a column,
 *       [width], or sequences [steps, width] or [steps, channels, height, width] of one number of
 *       steps in all columns, whose classes step by step {@code steps} may say;
 *   <li>a folder with MNIST's four IDX files (images of any size, labels 0 to 255): the test file
 *       is the test split;
 *   <li>a folder of recordings named as in the Free Spoken Digit Dataset, {@code
 *       {digit}_{speaker}_{index}.wav}, split by speaker;
 *   <li>a folder of recordings named as in CREMA-D, {@code 1001_DFA_ANG_XX.wav}, with the emotion
 *       as label, split by actor. Here and above, an image or a {@code .txt} file of the same name
 *       is a further modality of the sample;
 *   <li>a folder of MM-IMDb, Food-101 or Hateful Memes, see {@link MapLayout}. Samples of MM-IMDb
 *       are multi-label.
 * </ul>
 *
 * <p>Where nothing says how to split, a hash of the id or the speaker gives 64 % to training, 16 %
 * to validation and 20 % to the test. Modalities are {@code image, audio, video, text}, those of
 * them there are; features are shifted and scaled as avMNIST's. Classes are, unless the layout says
 * so, the training split's labels, in the order of numbers where all are whole numbers and else of
 * letters. Which recordings have the speaker in common is in {@link Split#groups}.
 */
public final class OwnData {
  private static final Pattern WHOLE_NUMBER = Pattern.compile("-?\\d{1,18}");

  /** How many labels a message names. */
  private static final int NAMED = 20;

  private OwnData() {}

  /**
   * Reads everything into memory.
   *
   * @param path the CSV file or the folder
   * @param columns what the columns of a CSV file are called
   * @param options how files become features
   * @throws LacunaException naming the file, and in a CSV file the line and column, and what is
   *     wrong there
   */
  public static MultimodalData load(
      Path path, Columns columns, FeatureOptions options, Progress progress) {
    return load(path, columns, options, null, progress);
  }

  /**
   * The same where texts become tokens.
   *
   * @param tokens of a tokenizer, or null where texts become features
   */
  public static MultimodalData load(
      Path path,
      Columns columns,
      FeatureOptions options,
      @Nullable Tokens tokens,
      Progress progress) {
    Items items = Items.labelled(path, columns, progress);
    Part[] parts = Parts.of(items.list(), path.toString());
    EnumMap<Part, int[]> samples = new EnumMap<>(Part.class);
    for (Part part : Part.values()) {
      samples.put(part, samplesOf(part, parts, path));
    }
    int[] training = Objects.requireNonNull(samples.get(Part.TRAIN));
    List<String> given = items.classes();
    List<String> classes = given == null ? classes(items.list(), training, path) : given;
    int[][] labels = labels(items.list(), parts, classes);
    for (Kind kind : items.kinds()) {
      checkInTraining(kind, items.list(), training, path);
    }
    FeatureReader reader =
        new FeatureReader(options, tokens, ArraySource.shapes(items.list(), items.kinds()));
    checkSteps(items.list(), reader.steps());
    progress.note(summary(path, samples, classes, labels));
    FeatureTable features = FeatureTable.read(items.list(), items.kinds(), reader, progress);
    List<Split> splits =
        samples.entrySet().stream()
            .map(entry ->
                split(entry.getKey(), entry.getValue(), items, classes.size(), labels, features)
                    .withStepLabels(stepLabels(entry.getValue(), items, reader.steps())))
            .toList();
    return new MultimodalData(
        String.valueOf(path.toAbsolutePath().normalize().getFileName()),
        modalities(features, reader, training),
        classes,
        splits.get(0),
        splits.get(1),
        splits.get(2),
        null);
  }

  /** Sizes of splits and classes: what is wrong in a file is seen there first. */
  private static String summary(
      Path path, Map<Part, int[]> samples, List<String> classes, int[][] labels) {
    String splits =
        samples.entrySet().stream()
            .map(entry -> entry.getValue().length + " " + entry.getKey().text())
            .collect(Collectors.joining(", "));
    int[] training = Objects.requireNonNull(samples.get(Part.TRAIN));
    int[] sizes = new int[classes.size()];
    Arrays.stream(training).flatMap(i -> Arrays.stream(labels[i])).forEach(c -> sizes[c]++);
    String named =
        IntStream.range(0, Math.min(NAMED, sizes.length))
            .mapToObj(c -> classes.get(c) + " (" + sizes[c] + ")")
            .collect(Collectors.joining(", "));
    return path
        + ": samples: "
        + splits
        + "; classes, with training samples: "
        + named
        + (sizes.length > NAMED ? " and " + (sizes.length - NAMED) + " more" : "");
  }

  private static Split split(
      Part part, int[] samples, Items items, int classes, int[][] labels, FeatureTable features) {
    List<Item> chosen = Arrays.stream(samples).mapToObj(items.list()::get).toList();
    List<String> ids = chosen.stream().map(Item::id).toList();
    int[][] rows = features.rowsOf(samples);
    Split split =
        items.multiLabel()
            ? Split.multiLabel(part.text(), targets(samples, classes, labels), rows, ids)
            : new Split(
                part.text(), Arrays.stream(samples).map(i -> labels[i][0]).toArray(), rows, ids);
    List<String> speakers = chosen.stream().map(Item::group).filter(Objects::nonNull).toList();
    return speakers.size() == chosen.size() ? split.withGroups(Map.of("speaker", speakers)) : split;
  }

  private static void checkSteps(List<Item> items, int steps) {
    for (Item item : items) {
      if (item.steps() != null && item.steps().length != steps) {
        throw bad(
            item.where(),
            item.steps().length
                + " labels of steps, want "
                + steps
                + (steps == 1 ? ", since no column has sequences" : " as the sequences have"));
      }
    }
  }

  /** The labels of steps; null where no sample of any split has some. */
  private static int @Nullable [][] stepLabels(int[] samples, Items items, int steps) {
    if (items.list().stream().allMatch(item -> item.steps() == null)) {
      return null;
    }
    int[][] labels = new int[samples.length][];
    for (int i = 0; i < labels.length; i++) {
      int[] given = items.list().get(samples[i]).steps();
      labels[i] = given == null ? new int[steps] : given;
      if (given == null) {
        Arrays.fill(labels[i], Split.UNLABELLED);
      }
    }
    return labels;
  }

  private static boolean[][] targets(int[] samples, int classes, int[][] labels) {
    boolean[][] targets = new boolean[samples.length][classes];
    for (int i = 0; i < samples.length; i++) {
      for (int c : labels[samples[i]]) {
        targets[i][c] = true;
      }
    }
    return targets;
  }

  private static List<Modality> modalities(
      FeatureTable features, FeatureReader reader, int[] training) {
    int[][] trainingRows = features.rowsOf(training);
    List<Modality> modalities = new ArrayList<>();
    for (int k = 0; k < features.kinds().size(); k++) {
      float[][] rows = features.rows()[k];
      int[] present = Arrays.stream(trainingRows[k]).filter(row -> row != Split.ABSENT).toArray();
      Kind kind = features.kinds().get(k);
      Scaling scaling = reader.makesTokens(kind) ? Scaling.NONE : Scaling.of(rows, present);
      scaling.apply(rows);
      modalities.add(reader.modality(kind, kind.text(), rows, scaling));
    }
    return modalities;
  }

  private static int[] samplesOf(Part part, Part[] parts, Path path) {
    int[] samples = IntStream.range(0, parts.length).filter(i -> parts[i] == part).toArray();
    if (samples.length == 0) {
      throw bad(
          path.toString(),
          "none of "
              + parts.length
              + " samples is in the "
              + part.text()
              + " split; want more samples, or a column split that says otherwise");
    }
    return samples;
  }

  private static List<String> classes(List<Item> items, int[] training, Path path) {
    List<String> found =
        Arrays.stream(training).mapToObj(i -> items.get(i).labels().getFirst()).distinct().toList();
    if (found.size() < 2) {
      throw bad(
          path.toString(),
          "all training samples have label '" + found.getFirst() + "', want two labels or more");
    }
    boolean numbers = found.stream().allMatch(label -> WHOLE_NUMBER.matcher(label).matches());
    Comparator<String> letters = Comparator.naturalOrder();
    // two ways to write one number are two classes
    Comparator<String> order =
        numbers
            ? Comparator.<String>comparingLong(Long::parseLong).thenComparing(letters)
            : letters;
    return found.stream().sorted(order).toList();
  }

  /** The classes of each sample. */
  private static int[][] labels(List<Item> items, Part[] parts, List<String> classes) {
    Map<String, Integer> classOf = new HashMap<>();
    classes.forEach(name -> classOf.put(name, classOf.size()));
    int[][] labels = new int[items.size()][];
    for (int i = 0; i < labels.length; i++) {
      Item item = items.get(i);
      for (String label : item.labels()) {
        if (!classOf.containsKey(label)) {
          throw bad(
              item.where(),
              "label '"
                  + label
                  + "' of a "
                  + parts[i].text()
                  + " sample is unseen in training, which has "
                  + classes.size()
                  + " labels: "
                  + String.join(", ", classes.subList(0, Math.min(NAMED, classes.size()))));
        }
      }
      labels[i] =
          item.labels().stream()
              .mapToInt(label -> Objects.requireNonNull(classOf.get(label)))
              .toArray();
    }
    return labels;
  }

  private static void checkInTraining(Kind kind, List<Item> items, int[] training, Path path) {
    if (Arrays.stream(training).noneMatch(i -> items.get(i).sources().containsKey(kind))) {
      boolean anywhere = items.stream().anyMatch(item -> item.sources().containsKey(kind));
      throw bad(
          path.toString(),
          "no "
              + (anywhere ? "training sample" : "sample")
              + " has "
              + kind.text()
              + ", want some, or no place for it in the data");
    }
  }

  private static LacunaException bad(String where, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, where + ": " + what);
  }
}
