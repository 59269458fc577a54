package dev.lacuna.training.data.own;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lacuna.training.fuzz.Target;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The readers of a user's own files, to be fuzzed. */
public final class OwnTargets {
  /** A packed pixel may take a byte's 8,256th part, and four bytes once it is unpacked. */
  private static final long PIXELS = 4L * 8 * 1_032;

  /** ImageIO's readers have tables and buffers of their own. */
  private static final long READERS = 8 << 20;

  private OwnTargets() {}

  /** All of them, with files in a folder. */
  public static List<Target> in(Path folder) throws IOException {
    List<Target> targets = new ArrayList<>();
    BufferedImage grey = Pictures.grey(20, 20, (x, y) -> (x * 13 + y * 7) % 256);
    BufferedImage colour = new BufferedImage(9, 11, BufferedImage.TYPE_INT_RGB);
    colour.setRGB(3, 4, 0xFF8040);
    BufferedImage palette = new BufferedImage(16, 9, BufferedImage.TYPE_BYTE_INDEXED);
    palette.setRGB(5, 5, 0xFF00FF00);
    BufferedImage bits = new BufferedImage(21, 5, BufferedImage.TYPE_BYTE_BINARY);
    for (String format : List.of("png", "jpg", "gif", "bmp")) {
      targets.add(
          image(
              folder,
              format,
              Pictures.file(grey, format),
              Pictures.file(colour, format),
              Pictures.file(palette, format)));
    }
    targets.add(
        image(
            folder,
            "tiff",
            Pictures.file(palette, "tiff"),
            Pictures.tiff(grey, "Deflate"),
            Pictures.tiff(colour, "LZW"),
            Pictures.tiff(colour, "JPEG"),
            Pictures.tiff(bits, "CCITT T.6")));
    targets.add(image(folder, "wbmp", Pictures.file(bits, "wbmp")));
    FeatureReader texts = new FeatureReader(FeatureOptions.DEFAULT, null, Map.of());
    targets.add(
        Target.text(
                "text file",
                folder.resolve("note.txt"),
                texts::textFile,
                "Zwölf Boxkämpfer, 中文 \uD83D\uDE00".getBytes(UTF_8))
            // ICU's rules for Han letters take some 8 KB a letter, all of it soon free again
            .allocating(16 << 10, 256 << 10));
    String csv =
        """
        \uFEFFid,image,audio,video,text,label,split,steps
        a,pictures/0.png,0.wav,0.npy,a cat,cat,train,3 1 -1
        b,,0.wav,,,dog,train,
        e,pictures/0.png,0.wav,0.npy,"a ""cat"", well",cat,test,1 1 1
        """;
    targets.add(
        Target.text(
                "CSV file",
                folder.resolve("own.csv"),
                at -> CsvItems.read(at, Columns.STANDARD, true),
                csv.getBytes(UTF_8),
                csv.replace("\n", "\r\n").getBytes(UTF_8))
            // a record and its list for each empty line
            .allocating(512, 256 << 10));
    targets.addAll(map(folder.resolve("map")));
    return targets;
  }

  /** The lists of MAP's data sets, each beside good files. */
  private static List<Target> map(Path folder) throws IOException {
    Path films = MapFolders.mmImdb(folder.resolve("films"));
    Path dishes = MapFolders.food101(folder.resolve("dishes"));
    Path genres = MapFolders.mmImdb(folder.resolve("genres"));
    Path classes = MapFolders.food101(folder.resolve("classes"));
    Path titles = MapFolders.food101(folder.resolve("titles"));
    Path memes = MapFolders.hatefulMemes(folder.resolve("memes"));
    return List.of(
        Target.text(
            "MM-IMDb's split.json",
            films.resolve("split.json"),
            _ -> MmImdbItems.read(films),
            MapFolders.FILMS.getBytes(UTF_8)),
        Target.text(
            "MM-IMDb's labels",
            genres.resolve("labels/0204504.json"),
            _ -> MmImdbItems.read(genres),
            Files.readAllBytes(genres.resolve("labels/0204504.json"))),
        Target.text(
            "Food-101's split.json",
            dishes.resolve("split.json"),
            _ -> Food101Items.read(dishes),
            MapFolders.DISHES.getBytes(UTF_8)),
        Target.text(
            "class_idx.json",
            classes.resolve("class_idx.json"),
            _ -> Food101Items.read(classes),
            MapFolders.CLASSES.getBytes(UTF_8)),
        Target.text(
            "text.json",
            titles.resolve("text.json"),
            _ -> Food101Items.read(titles),
            MapFolders.TITLES.getBytes(UTF_8)),
        Target.text(
            "train.jsonl",
            memes.resolve("train.jsonl"),
            _ -> HatefulMemesItems.read(memes),
            MapFolders.TRAIN.getBytes(UTF_8)));
  }

  private static Target image(Path folder, String format, byte[]... seeds) {
    ImageFeatures features = new ImageFeatures(4, 1);
    return Target.binary(format, folder.resolve("image." + format), at -> read(features, at), seeds)
        .allocating(PIXELS, READERS);
  }

  private static void read(ImageFeatures features, Path file) {
    for (float value : features.read(file)) {
      if (!(value >= -1e-6 && value <= 1 + 1e-6)) {
        throw new AssertionError("a feature is " + value);
      }
    }
  }
}
