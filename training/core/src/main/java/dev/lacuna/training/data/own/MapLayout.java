package dev.lacuna.training.data.own;

import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.own.FeatureOptions.Colour;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Folders as the code of the missing-aware prompts, MAP (Lee et al., CVPR 2023), reads its three
 * data sets of images with texts from. Splits are the official ones.
 */
public enum MapLayout {
  /**
   * MM-IMDb, posters and plots of films in any number of 23 genres: {@code split.json}, which lists
   * ids by split, {@code images/<id>.jpeg} and {@code labels/<id>.json} with {@code plot} and
   * {@code genres}; both in {@code dataset/} as in the original archive. A film is one sample with
   * its first plot, where MAP can make a sample of each plot. Of its genres those count that MAP
   * knows.
   */
  MM_IMDB(1_024),

  /**
   * UPMC Food-101, photos of 101 dishes and titles of web pages: {@code class_idx.json}, which
   * numbers the classes, {@code text.json} with texts by file name, {@code split.json}, which lists
   * file names {@code <class>_<number>.jpg} by split, and {@code images/train/<class>/} and {@code
   * images/test/<class>/}; validation files are in the former. Files without a text are left out,
   * as MAP does.
   */
  FOOD_101(512),

  /**
   * Hateful Memes, two classes: {@code train.jsonl}, {@code dev.jsonl} and {@code test.jsonl}, or
   * of the latter {@code dev_seen.jsonl} and {@code test_seen.jsonl} where they are there, all in
   * the folder or in its {@code data/}, with {@code id}, {@code img}, {@code text} and {@code
   * label} in each line; images are beside them.
   */
  HATEFUL_MEMES(128);

  /** Height and width of the images, those of the image transformer that we pretrain. */
  private static final int IMAGE_SIZE = 32;

  private static final List<Kind> KINDS = List.of(Kind.IMAGE, Kind.TEXT);

  private final int textLength;

  MapLayout(int textLength) {
    this.textLength = textLength;
  }

  /** The layout of a folder, by the files that its samples are listed in. */
  public static Optional<MapLayout> of(Path folder) {
    return Arrays.stream(values()).filter(layout -> layout.fits(folder)).findFirst();
  }

  private boolean fits(Path folder) {
    return switch (this) {
      case FOOD_101 -> Files.isRegularFile(folder.resolve(Food101Items.CLASSES));
      case MM_IMDB -> Files.isRegularFile(folder.resolve(MapFiles.SPLIT)) && !FOOD_101.fits(folder);
      case HATEFUL_MEMES -> HatefulMemesItems.folder(folder).isPresent();
    };
  }

  /**
   * How its files become features where nobody says otherwise: coloured images of 32 x 32, and
   * texts of as many tokens as MAP's, 128 of Hateful Memes and 512 of Food-101; MAP's 1,024 of
   * MM-IMDb are more than a text transformer has positions for, so that these are 512 too.
   */
  public FeatureOptions features() {
    FeatureOptions standard = FeatureOptions.DEFAULT;
    return new FeatureOptions(
        IMAGE_SIZE,
        Colour.RGB,
        standard.mel(),
        standard.textSize(),
        Math.min(textLength, FeatureOptions.MOST_TOKENS));
  }

  /**
   * The three cases at 70 % that MAP reports, of data with images and texts: all of the chosen
   * samples lose their text, all their image, or half of them the one and half the other.
   */
  public static Map<String, MissingRates> testCases() {
    List<String> modalities = KINDS.stream().map(Kind::text).toList();
    Map<String, MissingRates> cases = new LinkedHashMap<>();
    cases.put("text_missing_70", MissingRates.parse("text=0.7", modalities));
    cases.put("image_missing_70", MissingRates.parse("image=0.7", modalities));
    cases.put("both_missing_70", MissingRates.parse("image=0.35,text=0.35", modalities));
    return cases;
  }

  /** The samples of a folder. */
  Items items(Path folder, Progress progress) {
    return switch (this) {
      case MM_IMDB -> new Items(KINDS, MmImdbItems.read(folder), true, MmImdbItems.GENRES, true);
      case FOOD_101 -> {
        Food101Items.Found found = Food101Items.read(folder);
        if (found.without() > 0) {
          progress.note(
              folder.resolve(Food101Items.TEXTS)
                  + ": no text of "
                  + found.without()
                  + " files in "
                  + MapFiles.SPLIT
                  + "; left out");
        }
        yield new Items(KINDS, found.items(), true, found.classes(), false);
      }
      case HATEFUL_MEMES ->
          new Items(KINDS, HatefulMemesItems.read(folder), true, HatefulMemesItems.CLASSES, false);
    };
  }
}
