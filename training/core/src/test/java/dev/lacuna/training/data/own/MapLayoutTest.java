package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.pretrain.ImagePretraining;
import dev.lacuna.training.progress.PlainProgress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MapLayoutTest {
  private static final FeatureOptions FEATURES =
      new FeatureOptions(
          8, FeatureOptions.Colour.RGB, FeatureOptions.DEFAULT.mel(), TextFeatures.SIZE);

  @TempDir Path folder;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  private MultimodalData load() {
    return OwnData.load(
        folder, Columns.STANDARD, FEATURES, new PlainProgress(new PrintStream(said)));
  }

  private static float[] row(MultimodalData data, int modality, Split split, int sample) {
    return data.modalities().get(modality).rows()[split.rowOf()[modality][sample]];
  }

  @Test
  void filmsHaveTheirGenresOfTheTwentyThree() {
    MapFolders.mmImdb(folder);
    MultimodalData data = load();
    assertTrue(data.multiLabel());
    assertEquals(23, data.classes());
    assertEquals(List.of("Drama", "Comedy", "Romance"), data.classNames().subList(0, 3));
    assertEquals(List.of("image", "text"), data.modalityNames());
    assertEquals(List.of("0106714", "0204504", "0033804"), data.train().ids());
    assertEquals(List.of("0066423"), data.validation().ids());
    assertEquals(List.of("0045130"), data.test().ids());
    assertEquals(List.of("Drama", "War"), genres(data, data.train(), 0));
    assertEquals(List.of("Drama", "Comedy"), genres(data, data.train(), 1));
    assertEquals(List.of("Film-Noir"), genres(data, data.train(), 2));
    assertEquals(List.of("Western"), genres(data, data.validation(), 0));
    assertEquals(List.of(), genres(data, data.test(), 0));
    assertArrayEquals(
        new int[] {Split.UNLABELLED, Split.UNLABELLED, Split.UNLABELLED}, data.train().labels());
  }

  private static List<String> genres(MultimodalData data, Split split, int sample) {
    boolean[] targets = Objects.requireNonNull(split.targets())[sample];
    return IntStream.range(0, targets.length)
        .filter(c -> targets[c])
        .mapToObj(data.classNames()::get)
        .toList();
  }

  @Test
  void aFilmHasItsPosterAndItsFirstPlot() throws IOException {
    MapFolders.mmImdb(folder);
    MultimodalData data = load();
    assertArrayEquals(new byte[] {1, 1, 1, 1, 1, 0}, data.train().presence().toBytes());
    List<String> plots = List.of("A king falls.", "A clown.");
    for (int i = 0; i < plots.size(); i++) {
      float[] plot = new TextFeatures(TextFeatures.SIZE).features(plots.get(i));
      data.modalities().get(1).scaling().apply(new float[][] {plot});
      assertArrayEquals(plot, row(data, 1, data.train(), i));
    }
    float[] poster = new ImageFeatures(8, 3).read(folder.resolve("images/0033804.jpeg"));
    data.modalities().get(0).scaling().apply(new float[][] {poster});
    assertArrayEquals(poster, row(data, 0, data.train(), 2));
  }

  @Test
  void theArchiveHasPostersAndGenresInOneFolder() throws IOException {
    MapFolders.mmImdb(folder);
    long checksum = load().checksum();
    Path dataset = Files.createDirectory(folder.resolve("dataset"));
    for (String from : List.of("images", "labels")) {
      try (Stream<Path> files = Files.list(folder.resolve(from))) {
        for (Path file : files.toList()) {
          Files.move(file, dataset.resolve(file.getFileName()));
        }
      }
      Files.delete(folder.resolve(from));
    }
    assertEquals(checksum, load().checksum());
  }

  @Test
  void dishesHaveTheClassesOfTheirNames() {
    MapFolders.food101(folder);
    MultimodalData data = load();
    assertFalse(data.multiLabel());
    assertNull(data.train().targets());
    assertEquals(List.of("apple_pie", "tacos"), data.classNames());
    assertEquals(List.of("tacos_1.jpg", "apple_pie_7.jpg"), data.train().ids());
    assertArrayEquals(new int[] {1, 0}, data.train().labels());
    assertEquals(List.of("tacos_2.jpg"), data.validation().ids());
    assertArrayEquals(new int[] {0, 1}, data.test().labels());
    assertEquals(2, data.test().presence().count(1));
    assertTrue(
        said.toString(UTF_8).contains("text.json: no text of 1 files in split.json; left out"),
        said.toString(UTF_8));
  }

  @Test
  void withoutAListForValidationSomeOfTheTrainingSamplesAreTaken() {
    MapFolders.food101(folder);
    MapFolders.write(
        folder.resolve("split.json"),
        "{\"train\": [\"tacos_1.jpg\", \"apple_pie_7.jpg\", \"tacos_2.jpg\"],"
            + " \"test\": [\"tacos_9.jpg\"]}");
    List<Item> items =
        MapLayout.FOOD_101.items(folder, new PlainProgress(new PrintStream(said))).list();
    assertEquals(
        Arrays.asList(null, null, null, Part.TEST), items.stream().map(Item::part).toList());
  }

  @Test
  void memesAreOfTwoClasses() {
    MapFolders.hatefulMemes(folder);
    MultimodalData data = load();
    assertEquals(List.of("0", "1"), data.classNames());
    assertEquals(List.of("42953", "00123", "8"), data.train().ids());
    assertArrayEquals(new int[] {0, 1, 0}, data.train().labels());
    assertEquals(List.of("10", "11"), data.validation().ids());
    assertEquals(List.of("20", "21"), data.test().ids());
    assertEquals(3, data.train().presence().count(0));
    assertEquals(3, data.train().presence().count(1));
  }

  @Test
  void theListsOfTheSecondEditionAreTakenFirst() throws IOException {
    Path data = folder.resolve("data");
    MapFolders.hatefulMemes(data);
    Files.move(data.resolve("dev.jsonl"), data.resolve("dev_seen.jsonl"));
    Files.move(data.resolve("test.jsonl"), data.resolve("test_seen.jsonl"));
    Files.writeString(data.resolve("test.jsonl"), "{\"id\":1,\"img\":\"img/1.png\"}\n");
    assertEquals(List.of("20", "21"), load().test().ids());
  }

  @Test
  void everyLayoutIsKnownByItsLists() {
    assertEquals(Optional.empty(), MapLayout.of(folder));
    assertEquals(
        Optional.of(MapLayout.MM_IMDB), MapLayout.of(MapFolders.mmImdb(folder.resolve("a"))));
    assertEquals(
        Optional.of(MapLayout.FOOD_101), MapLayout.of(MapFolders.food101(folder.resolve("b"))));
    Path memes = MapFolders.hatefulMemes(folder.resolve("c/data"));
    assertEquals(Optional.of(MapLayout.HATEFUL_MEMES), MapLayout.of(memes));
    assertEquals(Optional.of(MapLayout.HATEFUL_MEMES), MapLayout.of(folder.resolve("c")));
  }

  @ParameterizedTest
  @EnumSource
  void theStandardFeaturesAreThoseOfTheTransformers(MapLayout layout) {
    FeatureReader images =
        new FeatureReader(
            new FeatureOptions(
                layout.features().imageSize(),
                layout.features().colour(),
                layout.features().mel(),
                1),
            null,
            Map.of());
    assertTrue(
        ImagePretraining.fits(images.modality(Kind.IMAGE, "image", new float[0][], Scaling.NONE)));
    int tokens = layout.features().textTokens();
    assertEquals(layout == MapLayout.HATEFUL_MEMES ? 128 : 512, tokens);
  }

  @Test
  void theCasesOfTheProtocolAreMeasured() {
    String path = MapFolders.mmImdb(folder).toString();
    assertEquals(
        List.of("text_missing_70", "image_missing_70", "both_missing_70"),
        List.copyOf(new OwnDataSource(path, Columns.STANDARD, FEATURES).testCases().keySet()));
    String other = folder.resolve("labels").toString();
    assertTrue(new OwnDataSource(other, Columns.STANDARD, FEATURES).testCases().isEmpty());
  }

  @Test
  void missingFilesAreNamedBeforeAnyIsRead() throws IOException {
    MapFolders.mmImdb(folder);
    Files.writeString(folder.resolve("images/0106714.jpeg"), "no image");
    Files.delete(folder.resolve("images/0033804.jpeg"));
    assertMessage(
        this::load,
        "split.json: 1 of 5 files are missing: ",
        "0033804.jpeg; want an image <id>.jpeg of each id");
    MapFolders.mmImdb(folder);
    try (Stream<Path> files = Files.list(folder.resolve("labels"))) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    assertMessage(
        this::load, "5 of 5 files are missing", "0033804.json and more", "plot and genres");
    Files.delete(folder.resolve("labels"));
    assertMessage(this::load, "has split.json but no folder labels or dataset");
  }

  @Test
  void aMissingListOfMemesIsNamed() throws IOException {
    MapFolders.hatefulMemes(folder);
    Files.delete(folder.resolve("dev.jsonl"));
    assertMessage(this::load, "has neither dev.jsonl nor dev_seen.jsonl");
  }

  @Test
  void aMissingFileOfDishesIsNamed() throws IOException {
    MapFolders.food101(folder);
    Files.delete(folder.resolve("images/test/tacos/tacos_9.jpg"));
    assertMessage(
        this::load, "split.json: 1 of 5 files are missing", "tacos_9.jpg", "want images/");
    Files.delete(folder.resolve("text.json"));
    assertMessage(this::load, "text.json: no such file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "MM_IMDB | split.json | {\"train\": []} | split.json: lists no samples",
        "MM_IMDB | split.json | {\"all\": [\"a\"]} | split is 'all', want train, dev or val, and test",
        "MM_IMDB | split.json | {\"train\": [\"a\", \"a\"]} | 'a' is there twice",
        "MM_IMDB | split.json | {\"train\": [7]} | want a list of texts for 'train'",
        "MM_IMDB | split.json | {\"train\": [\"\\u0000\"]} | is no path",
        "MM_IMDB | split.json | [] | split.json: is damaged: want an object",
        "MM_IMDB | labels/0204504.json | {\"plot\": []} | 0204504.json: want a list of texts for 'genres'",
        "MM_IMDB | labels/0204504.json | {\"genres\": [], \"plot\": \"a\"} | want a list of texts for 'plot'",
        "FOOD_101 | class_idx.json | {\"tacos\": 0} | has 1 classes, want 2 or more",
        "FOOD_101 | class_idx.json | {\"tacos\": 1, \"pie\": 1} | has number 1, want each of 0 to 1 once",
        "FOOD_101 | class_idx.json | {\"tacos\": 2, \"pie\": 1} | class 'tacos' has number 2",
        "FOOD_101 | class_idx.json | {\"tacos\": 1, \"pie\": 0} | 'apple_pie_7.jpg': is of class 'apple_pie', which",
        "FOOD_101 | split.json | {\"train\": [\"tacos.jpg\"]} | names no class, want <class>_<number>.jpg",
        "FOOD_101 | text.json | {\"tacos_1.jpg\": 3} | text.json: want a text for 'tacos_1.jpg'",
        "FOOD_101 | text.json | {} | text.json: has no text of the 6 files in",
        "HATEFUL_MEMES | train.jsonl | {\"id\":1,\"img\":\"a\",\"text\":\"b\"} | train.jsonl: line 1: has no label",
        "HATEFUL_MEMES | train.jsonl | {\"id\":1,\"img\":\"a\",\"text\":\"b\",\"label\":2} | label is 2, want 0 or 1",
        "HATEFUL_MEMES | train.jsonl | {\"img\":\"a\",\"text\":\"b\",\"label\":1} | line 1: id is",
        "HATEFUL_MEMES | train.jsonl | {\"id\":1,\"img\":\"a\",\"label\":1} | want a text for 'text'",
        "HATEFUL_MEMES | train.jsonl | {\"id\":1,\"img\":\"a\",\"text\":\"b\",\"label\":1} | 1 of 1 files are missing",
        "HATEFUL_MEMES | train.jsonl | {\"id\":1, | train.jsonl: line 1: is damaged",
        "HATEFUL_MEMES | train.jsonl | `` | train.jsonl: has no line"
      })
  void whatIsWrongInAFileIsSaid(MapLayout layout, String file, String text, String message) {
    switch (layout) {
      case MM_IMDB -> MapFolders.mmImdb(folder);
      case FOOD_101 -> MapFolders.food101(folder);
      case HATEFUL_MEMES -> MapFolders.hatefulMemes(folder);
    }
    MapFolders.write(folder.resolve(file), text);
    assertMessage(this::load, message);
  }

  @Test
  void anIdOfAMemeIsThereOnce() {
    MapFolders.hatefulMemes(folder);
    MapFolders.write(folder.resolve("dev.jsonl"), MapFolders.meme("8", 1, "again") + "\n");
    assertMessage(this::load, "dev.jsonl: line 1: id is \"8\", want each once");
  }
}
