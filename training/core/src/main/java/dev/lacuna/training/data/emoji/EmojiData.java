package dev.lacuna.training.data.emoji;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.data.own.ImageFeatures;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Emoji: Google's pictures and English words; 9 classes, Unicode's groups.
 *
 * <p>Image [3, size, size], averaged down from 64 x 64 with white where the picture is transparent,
 * shifted and scaled to mean 0 and deviation 1 over its training values; text [1, 1, length], token
 * ids of the label and the tags without the words that name classes ({@link ClassWords}), filled up
 * with 0. Skin tones are no samples of their own. Genders and directions are; they are in one split
 * with their {@link BaseEmoji}, by which {@link Split#groups} has them.
 */
final class EmojiData {
  static final String IMAGE = "image";
  static final String TEXT = "text";
  static final List<String> MODALITIES = List.of(IMAGE, TEXT);
  static final int CHANNELS = 3;

  private EmojiData() {}

  /**
   * Reads all pictures and texts.
   *
   * @throws LacunaException naming the file at fault
   */
  static MultimodalData load(
      EmojiFiles files, EmojiSource source, Tokens tokens, Progress progress) {
    List<Emoji> emoji = Emoji.all(files);
    int[] folds = Folds.of(emoji, source.seed());
    int[] textRow = new int[emoji.size()];
    float[][] texts = texts(emoji, source.textLength(), tokens, textRow);
    float[][] images = images(files, emoji, source.imageSize(), progress);
    int[][] rowOf = {IntStream.range(0, emoji.size()).toArray(), textRow};
    Scaling scaling = Scaling.of(images, samples(folds, Part.TRAIN, source.fold()));
    scaling.apply(images);
    List<Split> splits =
        Arrays.stream(Part.values())
            .map(part -> split(part, samples(folds, part, source.fold()), emoji, rowOf))
            .toList();
    return new MultimodalData(
        EmojiSource.NAME,
        List.of(
            new Modality(IMAGE, CHANNELS, source.imageSize(), source.imageSize(), images, scaling),
            Modality.ofTokens(TEXT, source.textLength(), tokens.vocabulary(), texts)),
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

  private static Split split(Part part, int[] samples, List<Emoji> emoji, int[][] rowOf) {
    List<Emoji> chosen = Arrays.stream(samples).mapToObj(emoji::get).toList();
    Split split =
        new Split(
            part.text(),
            chosen.stream().mapToInt(Emoji::label).toArray(),
            Arrays.stream(rowOf)
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

  /** The texts that there are; a word that is all a text was is not to be guessed. */
  private static float[][] texts(List<Emoji> emoji, int length, Tokens tokens, int[] textRow) {
    int next = 0;
    float[][] rows = new float[emoji.size()][];
    for (int i = 0; i < textRow.length; i++) {
      String text = emoji.get(i).text();
      textRow[i] = text.isEmpty() ? Split.ABSENT : next;
      if (!text.isEmpty()) {
        rows[next++] = tokens.row(text, length);
      }
    }
    return Arrays.copyOf(rows, next);
  }
}
