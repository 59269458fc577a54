package dev.lacuna.training.data.emoji;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.data.own.ImageFeatures;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Emoji: Google's pictures and English words; 9 classes, Unicode's groups.
 *
 * <p>Image [3, size, size], averaged down from 64 x 64 with white where the picture is transparent,
 * shifted and scaled to mean 0 and deviation 1 over its training values; text [1, 1, length], token
 * ids of the label and the tags without the words that name classes ({@link ClassWords}), filled up
 * with 0; or, of several languages, names as features ({@link EmojiSource#languages}). Skin tones
 * are no samples of their own. Genders and directions are; they are in one split with their {@link
 * BaseEmoji}, by which {@link Split#groups} has them.
 */
final class EmojiData {
  static final String IMAGE = "image";
  static final String TEXT = "text";
  static final int CHANNELS = 3;

  private EmojiData() {}

  /** Names of the modalities. */
  static List<String> modalities(List<String> languages) {
    Stream<String> others =
        languages.isEmpty() ? Stream.of(TEXT) : languages.stream().map(EmojiData::nameIn);
    return Stream.concat(Stream.of(IMAGE), others).toList();
  }

  private static String nameIn(String language) {
    return "name-" + language;
  }

  /**
   * Reads all pictures and texts.
   *
   * @param tokens makes tokens of texts; null where languages are given, whose names become
   *     features
   * @throws LacunaException naming the file at fault
   */
  static MultimodalData load(
      EmojiFiles files, EmojiSource source, @Nullable Tokens tokens, Progress progress) {
    List<Emoji> emoji = Emoji.all(files);
    int[] folds = Folds.of(emoji, source.seed());
    int[] training = samples(folds, Part.TRAIN, source.fold());
    List<Texts> texts =
        tokens != null
            ? List.of(
                Texts.of(
                    TEXT,
                    emoji.stream().map(Emoji::text).toList(),
                    text -> tokens.row(text, source.textLength())))
            : source.languages().stream().map(language -> named(files, emoji, language)).toList();
    float[][] images = images(files, emoji, source.imageSize(), progress);
    Scaling scaling = Scaling.of(images, training);
    scaling.apply(images);
    List<Modality> modalities = new ArrayList<>();
    List<int[]> rowOf = new ArrayList<>();
    modalities.add(
        new Modality(IMAGE, CHANNELS, source.imageSize(), source.imageSize(), images, scaling));
    rowOf.add(IntStream.range(0, emoji.size()).toArray());
    for (Texts of : texts) {
      modalities.add(
          tokens != null
              ? Modality.ofTokens(of.name, source.textLength(), tokens.vocabulary(), of.rows)
              : of.scaled(training));
      rowOf.add(of.rowOf);
    }
    List<Split> splits =
        Arrays.stream(Part.values())
            .map(part -> split(part, samples(folds, part, source.fold()), emoji, rowOf))
            .toList();
    return new MultimodalData(
        EmojiSource.NAME,
        modalities,
        Emoji.CLASSES,
        splits.get(0),
        splits.get(1),
        splits.get(2),
        null);
  }

  private static int[] samples(int[] folds, Part part, int test) {
    return IntStream.range(0, folds.length)
        .filter(i -> Folds.part(folds[i], test) == part)
        .toArray();
  }

  private static Split split(Part part, int[] samples, List<Emoji> emoji, List<int[]> rowOf) {
    List<Emoji> chosen = Arrays.stream(samples).mapToObj(emoji::get).toList();
    Split split =
        new Split(
            part.text(),
            chosen.stream().mapToInt(Emoji::label).toArray(),
            rowOf.stream()
                .map(rows -> Arrays.stream(samples).map(i -> rows[i]).toArray())
                .toArray(int[][]::new),
            chosen.stream().map(Emoji::code).toList());
    return split.withGroups(Map.of("base emoji", chosen.stream().map(Emoji::base).toList()));
  }

  private static float[][] images(
      EmojiFiles files, List<Emoji> emoji, int size, Progress progress) {
    ImageFeatures features = new ImageFeatures(size, CHANNELS);
    float[][] images = new float[emoji.size()][];
    try (Progress.Task task = progress.start("emoji", images.length)) {
      IntStream.range(0, images.length)
          .parallel()
          .forEach(i -> {
            Path file = files.picture(emoji.get(i).code());
            images[i] = features.read(file);
            task.step(1);
          });
    }
    return images;
  }

  /** Names in a language, as features. */
  private static Texts named(EmojiFiles files, List<Emoji> emoji, String language) {
    Path file = files.names(language);
    Map<String, String> texts =
        Emoji.texts(file, language.startsWith("en") ? ClassWords::without : EmojiData::joined);
    TextFeatures features = new TextFeatures(TextFeatures.SIZE);
    List<String> ofEmoji = new ArrayList<>();
    for (Emoji one : emoji) {
      String text = texts.get(BaseEmoji.withoutVariations(one.code()));
      if (text == null) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT, file + " does not have " + one.code() + ", want all emoji");
      }
      ofEmoji.add(text);
    }
    return Texts.of(nameIn(language), ofEmoji, features::features);
  }

  private static String joined(List<String> phrases) {
    return String.join(", ", new LinkedHashSet<>(phrases));
  }

  /**
   * The texts that there are of a modality, and which emoji has which.
   *
   * @param rowOf rows of emoji, {@link Split#ABSENT} where a text is empty: a word that is all a
   *     text was is not to be guessed
   */
  private record Texts(String name, float[][] rows, int[] rowOf) {
    static Texts of(String name, List<String> texts, Function<String, float[]> row) {
      int[] rowOf = new int[texts.size()];
      List<float[]> rows = new ArrayList<>();
      for (int i = 0; i < rowOf.length; i++) {
        rowOf[i] = texts.get(i).isEmpty() ? Split.ABSENT : rows.size();
        if (rowOf[i] != Split.ABSENT) {
          rows.add(row.apply(texts.get(i)));
        }
      }
      return new Texts(name, rows.toArray(float[][]::new), rowOf);
    }

    Modality scaled(int[] training) {
      int[] present =
          Arrays.stream(training).map(i -> rowOf[i]).filter(r -> r != Split.ABSENT).toArray();
      Scaling scaling = Scaling.of(rows, present);
      scaling.apply(rows);
      return new Modality(name, 1, 1, TextFeatures.SIZE, rows, scaling);
    }
  }
}
