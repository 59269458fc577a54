package dev.lacuna.training.data.emoji;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.data.own.Columns;
import dev.lacuna.training.data.own.Samples;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmojiDataTest {
  private static final int SIZE = 4;

  @TempDir Path folder;
  private final Progress progress =
      new PlainProgress(new PrintStream(PrintStream.nullOutputStream()));

  private MultimodalData load(EmojiFiles files, int fold, int length) {
    return EmojiData.load(
        files, new EmojiSource(fold, SIZE, length, 0), new Whitespace(), progress);
  }

  /** What an emoji has of a modality, wherever it is. */
  private static float[] row(MultimodalData data, int modality, String id) {
    Part part =
        Arrays.stream(Part.values())
            .filter(p -> data.split(p).ids().contains(id))
            .findFirst()
            .orElseThrow();
    return row(data, data.split(part), modality, id);
  }

  private static float[] row(MultimodalData data, Split split, int modality, String id) {
    int row = split.rowOf()[modality][split.ids().indexOf(id)];
    return data.modalities().get(modality).rows()[row];
  }

  @Test
  void everyEmojiIsInOneSplitWithItsVariantsAndInTheTestOfOneFold() throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    Set<String> tested = new HashSet<>();
    for (int fold = 0; fold < EmojiSource.FOLDS; fold++) {
      MultimodalData data = load(files, fold, 8);
      assertEquals(39, data.train().size() + data.validation().size() + data.test().size());
      assertTrue(tested.addAll(data.test().ids()), "nothing new in fold " + fold);
      Set<String> families = new HashSet<>();
      for (Part part : Part.values()) {
        Split split = data.split(part);
        List<String> groups = Objects.requireNonNull(split.groups().get("base emoji"));
        for (String family : Set.copyOf(groups)) {
          assertTrue(families.add(family), family + " is in two splits");
        }
      }
      assertEquals(37, families.size());
      assertEquals(Emoji.CLASSES, data.classNames());
      assertEquals(List.of("image", "text"), data.modalityNames());
    }
    assertEquals(39, tested.size());
  }

  @Test
  void picturesAreOnWhiteAndScaledByTheTrainingOnes() throws IOException {
    EmojiFolder emoji = EmojiFolder.in(folder);
    for (int i = 0; i < 20; i++) {
      emoji.add(String.format("1F6%02X", i), Emoji.CLASSES.get(i % 2), "thing " + i);
    }
    EmojiFiles files =
        emoji
            .pictured("1F9E0", "Objects", 0)
            .named("1F9E0", "brain")
            .pictured("1F9E1", "Objects", 0x80FF0000)
            .named("1F9E1", "heart")
            .write();
    MultimodalData data = load(files, 0, 8);
    Modality image = data.modalities().get(0);
    assertEquals(List.of(3, SIZE, SIZE), List.of(image.channels(), image.height(), image.width()));
    for (Part part : Part.values()) {
      for (String id : data.split(part).ids()) {
        float[] values = row(data, data.split(part), 0, id).clone();
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) (values[i] * image.scaling().deviation() + image.scaling().mean());
        }
        if (id.equals("1F9E0")) {
          for (float value : values) {
            assertEquals(1, value, 1e-5);
          }
        } else if (id.equals("1F9E1")) {
          assertEquals(1, values[0], 1e-5);
          assertEquals(1 - 128.0 / 255, values[SIZE * SIZE], 1e-5);
          assertEquals(1 - 128.0 / 255, values[2 * SIZE * SIZE], 1e-5);
        }
      }
    }
    Scaling training = Scaling.of(image.rows(), data.train().rowOf()[0]);
    assertEquals(0, training.mean(), 1e-5);
    assertEquals(1, training.deviation(), 1e-5);
    assertNotEquals(image.scaling(), load(files, 1, 8).modalities().get(0).scaling());
  }

  @Test
  void textsArePaddedOrCutBeforeTheirEnd() throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    MultimodalData data = load(files, 0, 8);
    Modality text = data.modalities().get(1);
    assertEquals(1_000, text.vocabulary());
    assertEquals(Scaling.NONE, text.scaling());
    assertEquals(List.of(1, 1, 8), List.of(text.channels(), text.height(), text.width()));
    // thing 0, tag 0
    float[] row = row(data, 1, "1F600");
    assertEquals(List.of(1.0f, 2.0f, 0.0f, 0.0f), List.of(row[0], row[5], row[6], row[7]));
    for (int i = 1; i < 5; i++) {
      assertTrue(row[i] > 2, Arrays.toString(row));
    }
    assertArrayEquals(new float[] {1, row[1], 2}, row(load(files, 0, 3), 1, "1F600"));
  }

  @Test
  void filesAreReadForAPredictionAsInTraining() throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    EmojiSource source = new EmojiSource(2, SIZE, 8, 0);
    Tokens tokens = new Whitespace();
    MultimodalData data = EmojiData.load(files, source, tokens, progress);
    Path csv =
        Files.writeString(
            folder.resolve("new.csv"),
            "id,image,text\nx," + files.picture("1F600") + ",\"thing 0, tag 0\"\n");
    Samples samples =
        Samples.read(
            csv, Columns.STANDARD, source.features(data), tokens, data.modalities(), progress);
    for (int m = 0; m < 2; m++) {
      assertArrayEquals(row(data, m, "1F600"), samples.modalities().get(m).rows()[0]);
    }
  }

  @Test
  void anEmojiWithoutWordsLacksText() throws IOException {
    EmojiFolder.standard(folder);
    EmojiFolder emoji = EmojiFolder.in(folder.resolve("more"));
    for (int i = 0; i < 25; i++) {
      emoji.add(String.format("1F6%02X", i), Emoji.CLASSES.get(i % 3), "thing " + i);
    }
    EmojiFiles files = emoji.add("1F3F3-FE0F", "Flags", "flag", "Flags").write();
    MultimodalData data = load(files, 0, 8);
    assertEquals(25, data.modalities().get(1).rows().length);
    int found = 0;
    for (Part part : Part.values()) {
      Split split = data.split(part);
      for (int i = 0; i < split.size(); i++) {
        boolean flag = split.ids().get(i).equals("1F3F3-FE0F");
        found += flag ? 1 : 0;
        assertEquals(!flag, split.presence().present(i, 1));
        assertTrue(split.presence().present(i, 0), "no picture");
      }
    }
    assertEquals(1, found);
  }

  private static Path language(EmojiFiles files, String language, String text) throws IOException {
    Path file = files.names().resolve(language).resolve("data.json");
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  @Test
  void namesOfEachLanguageBecomeAModality() throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    String english = Files.readString(files.english());
    language(files, "de", english.replace("thing", "Person").replace("tag ", "Flagge "));
    language(files, "ja", english.replace("thing", "旗"));
    EmojiSource source = EmojiSource.ofFold(1, 0).withLanguages(List.of("ja", "en", "de"));
    MultimodalData data = EmojiData.load(files, source, null, progress);
    assertEquals(List.of("image", "name-ja", "name-en", "name-de"), data.modalityNames());
    assertEquals(source.knownModalities().orElseThrow(), data.modalityNames());
    assertEquals(Map.of(), source.testCases());
    TextFeatures features = new TextFeatures(TextFeatures.SIZE);
    // English loses the words of classes, German does not
    Map<Integer, String> wanted =
        Map.of(1, "旗 0, tag 0", 2, "thing 0, tag 0", 3, "Person 0, Flagge 0");
    wanted.forEach((m, text) -> {
      Modality modality = data.modalities().get(m);
      assertEquals("1 x 1 x 512", modality.shape());
      float[] row = row(data, m, "1F600");
      float[] raw = features.features(text);
      for (int i = 0; i < raw.length; i++) {
        double back = row[i] * modality.scaling().deviation() + modality.scaling().mean();
        assertEquals(raw[i], back, 1e-5, modality.name());
      }
      Scaling training = Scaling.of(modality.rows(), data.train().rowOf()[m]);
      assertEquals(0, training.mean(), 1e-5);
      assertEquals(1, training.deviation(), 1e-4);
    });
  }

  @Test
  void anEmojiThatLacksANameInALanguageIsNamed() throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    Path german = language(files, "de", "[]");
    EmojiSource source = EmojiSource.ofFold(1, 0).withLanguages(List.of("de"));
    assertMessage(
        () -> EmojiData.load(files, source, null, progress), german + " does not have 1F468");
    assertMessage(
        () -> source.withLanguages(List.of("de", "xx")), "language of emoji is 'xx'", "bn,da,de");
    assertMessage(() -> source.withLanguages(List.of("de", "de")), "de,de, want each once");
  }

  @Test
  void aLostPictureIsNamed() throws IOException {
    EmojiFiles files = EmojiFolder.standard(folder);
    Files.delete(files.picture("1F600"));
    assertMessage(() -> load(files, 0, 8), "1f600.png: no such file");
  }

  @Test
  void optionsHaveRanges() {
    assertMessage(() -> EmojiSource.ofFold(5, 0), "fold of emoji is 5, want 0 to 4");
    assertMessage(() -> EmojiSource.ofFold(-1, 0), "fold of emoji is -1");
    assertMessage(() -> new EmojiSource(0, 3, 32, 0), "image size of emoji is 3, want 4 to 64");
    assertMessage(() -> new EmojiSource(0, 32, 513, 0), "text length of emoji is 513");
  }

  @Test
  void theTestCasesTakeExactlySeventyPercent() {
    int n = 382;
    int lost = 267;
    Map<String, int[]> left =
        Map.of(
            "text_missing_70", new int[] {n, n - lost},
            "image_missing_70", new int[] {n - lost, n},
            "both_missing_70", new int[] {n - lost / 2, n - (lost + 1) / 2});
    EmojiSource.ofFold(0, 0)
        .testCases()
        .forEach((name, rates) -> {
          Presence drawn = rates.draw(Presence.complete(n, 2), new CounterRandom(1, 2, 3));
          assertArrayEquals(left.get(name), new int[] {drawn.count(0), drawn.count(1)}, name);
        });
    assertEquals(left.keySet(), EmojiSource.ofFold(0, 0).testCases().keySet());
  }
}
