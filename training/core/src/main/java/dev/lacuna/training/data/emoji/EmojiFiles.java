package dev.lacuna.training.data.emoji;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.NpmPackage;
import dev.lacuna.training.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Pictures and names of emoji in the folder {@code emoji} of the data folder: Google's pictures
 * (Apache-2.0) and categories from {@code emoji-datasource-google/}, labels and tags (MIT) from
 * {@code emojibase-data/}, each laid out as the npm package of that name and fetched where it is
 * not there.
 *
 * @param pictures what is in {@code emoji-datasource-google}
 * @param names what is in {@code emojibase-data}
 */
record EmojiFiles(Path pictures, Path names) {
  static final String FOLDER = "emoji";

  private static final String CATALOG = "emoji.json";
  private static final String NAMES = "/data.json";
  private static final String ENGLISH = "en" + NAMES;
  private static final String PICTURES = "img/google/64/";
  private static final Pattern PICTURE = Pattern.compile(PICTURES + "[0-9a-f-]{1,80}\\.png");

  private static final String PICTURES_SHA256 =
      "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438";
  private static final String NAMES_SHA256 =
      "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a";

  static NpmPackage picturePackage(String sha256) {
    return new NpmPackage(
        "emoji-datasource-google",
        "16.0.0",
        sha256,
        "package/",
        file -> file.equals(CATALOG) || PICTURE.matcher(file).matches(),
        List.of(CATALOG));
  }

  static NpmPackage namePackage(String sha256) {
    return new NpmPackage(
        "emojibase-data", "17.0.0", sha256, "package/", EmojiFiles::isWanted, List.of(ENGLISH));
  }

  private static boolean isWanted(String file) {
    return EmojiSource.LANGUAGES.stream().anyMatch(language -> file.equals(language + NAMES));
  }

  /** Where they are, fetched first where they are not there. */
  static EmojiFiles locate(Path data, Progress progress) {
    return locate(
        data, NpmPackage.NPM, picturePackage(PICTURES_SHA256), namePackage(NAMES_SHA256), progress);
  }

  static EmojiFiles locate(
      Path data, String npm, NpmPackage pictures, NpmPackage names, Progress progress) {
    Path emoji = data.resolve(FOLDER);
    return new EmojiFiles(
        pictures.locate(emoji, pictures.name(), npm, "the emoji pictures (74 MB)", progress),
        names.locate(emoji, names.name(), npm, "the emoji names (7 MB)", progress));
  }

  /** The table of all emoji with their categories. */
  Path catalog() {
    return pictures.resolve(CATALOG);
  }

  /** The English labels and tags. */
  Path english() {
    return names.resolve(ENGLISH);
  }

  /**
   * The labels and tags of a language.
   *
   * @throws LacunaException where they are not there, as in a folder of English ones alone
   */
  Path names(String language) {
    Path file = names.resolve(language + NAMES);
    if (!Files.exists(file)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          file
              + ": no such file; want it as in npm's emojibase-data, or no folder "
              + names
              + " to have all languages fetched");
    }
    return file;
  }

  /** The picture of an emoji, 64 x 64. */
  Path picture(String code) {
    return pictures.resolve(PICTURES + code.toLowerCase(Locale.ROOT) + ".png");
  }
}
