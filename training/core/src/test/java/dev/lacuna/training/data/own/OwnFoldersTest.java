package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.audio.Wav;
import dev.lacuna.training.data.Idx;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnFoldersTest {
  @TempDir Path folder;
  private final Progress progress = new PlainProgress(new PrintStream(new ByteArrayOutputStream()));

  @Test
  void idxFilesKeepTheirTestFileAsTest() throws IOException {
    Idx.mnist(folder, 300, 70);
    MultimodalData data = load(4);
    assertEquals(List.of("image"), data.modalityNames());
    assertEquals(70, data.test().size());
    // a fifth of 300 with deviation 7
    assertEquals(60, data.validation().size(), 28);
    assertEquals(300, data.train().size() + data.validation().size());
    assertEquals(List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"), data.classNames());
    assertEquals("test-13", data.test().ids().get(13));
    assertEquals(3, data.test().labels()[13]);
    // pixel i is 37 i mod 256
    float[] row = data.modalities().get(0).rows()[data.test().rowOf()[0][0]];
    double pixel =
        row[2] * data.modalities().get(0).scaling().deviation()
            + data.modalities().get(0).scaling().mean();
    assertEquals(74 / 255.0, pixel, 1e-6);
  }

  @Test
  void imagesOfIdxFilesAreScaledToTheSizeWanted() throws IOException {
    Idx.mnist(folder, 300, 70);
    assertEquals(28, load(28).modalities().get(0).height());
  }

  @Test
  void aDamagedIdxFileIsNamed() throws IOException {
    Idx.mnist(folder, 30, 20);
    Path images = folder.resolve("t10k-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(images);
    Files.write(images, Arrays.copyOf(bytes, bytes.length - 1));
    assertMessage(() -> load(4), "t10k-images-idx3-ubyte", "truncated");
    Files.delete(images);
    assertMessage(() -> load(4), "t10k-images-idx3-ubyte: no such file");
  }

  @Test
  void recordingsAreSplitBySpeaker() throws IOException {
    List<String> speakers = List.of("george", "jackson", "lucas", "nicolas", "theo", "yweweler");
    for (String speaker : speakers) {
      for (int digit = 0; digit < 3; digit++) {
        Files.write(
            folder.resolve(digit + "_" + speaker + "_0.wav"),
            Wav.tone(8_000, 300 + 100 * digit, 0.1));
      }
    }
    Files.writeString(folder.resolve("readme.md"), "not a sample");
    MultimodalData data = load(28);
    assertEquals(List.of("audio"), data.modalityNames());
    assertEquals(List.of("0", "1", "2"), data.classNames());
    assertEquals(List.of(12, 3, 3), sizes(data));
    assertGroupsApart(data, id -> id.split("_", -1)[1]);
    Split train = data.train();
    for (int i = 0; i < train.size(); i++) {
      assertEquals(train.ids().get(i).charAt(0) - '0', train.labels()[i]);
    }
  }

  @Test
  void tooFewSpeakersAreNamed() throws IOException {
    Files.write(folder.resolve("1_ada_0.wav"), Wav.tone(8_000, 300, 0.1));
    Files.write(folder.resolve("2_eve_0.wav"), Wav.tone(8_000, 300, 0.1));
    assertMessage(() -> load(28), "all recordings are of", "ada", "eve", "three speakers or more");
  }

  @Test
  void emotionsAreReadAsPublishedAndSplitByActor() throws IOException {
    List<String> emotions = List.of("ANG", "DIS", "FEA", "HAP", "NEU", "SAD");
    for (int actor = 1001; actor <= 1010; actor++) {
      for (String emotion : emotions) {
        Files.write(
            folder.resolve(actor + "_DFA_" + emotion + (actor == 1004 ? "_X.wav" : "_XX.wav")),
            Wav.tone(16_000, actor - 700, 0.1));
      }
      Files.write(folder.resolve(actor + "_DFA_HAP_XX.png"), Pictures.png(actor));
    }
    MultimodalData data = load(28);
    assertEquals(emotions, data.classNames());
    assertEquals(List.of("image", "audio"), data.modalityNames());
    assertGroupsApart(data, id -> id.substring(0, 4));
    assertEquals(
        data.test().ids().stream().map(id -> id.substring(0, 4)).toList(),
        data.test().groups().get("speaker"));
    assertEquals(10 * 6 + 1, sizes(data).stream().mapToInt(n -> n).sum());
    assertEquals(10, data.modalities().get(0).rows().length);
    int happy = data.train().ids().stream().filter(id -> id.contains("HAP")).toList().size();
    assertEquals(happy, data.train().presence().count(0));
  }

  @Test
  void aNameThatDoesNotFitIsNamed() throws IOException {
    for (String speaker : List.of("a", "b", "c")) {
      Files.write(folder.resolve("1_" + speaker + "_0.wav"), Wav.tone(8_000, 300, 0.1));
    }
    Files.write(folder.resolve("seven.wav"), Wav.tone(8_000, 300, 0.1));
    assertMessage(() -> load(28), "seven.wav: name is not {digit}_{speaker}_{index}");
  }

  @Test
  void aFolderOfNoKnownLayoutIsRefused() throws IOException {
    assertMessage(() -> load(28), "want a CSV file in it", "unzipped");
    Files.write(folder.resolve("seven.wav"), Wav.tone(8_000, 300, 0.1));
    assertMessage(
        () -> load(28), "want a CSV file in it", "IDX", "{digit}_{speaker}_{index}", "{actor}");
  }

  @Test
  void twoFilesForOnePlaceAreNamed() throws IOException {
    Files.write(folder.resolve("1_a_0.png"), Pictures.png(0));
    Files.write(folder.resolve("1_a_0.PNG"), Pictures.png(0));
    assertMessage(() -> load(28), "is a second image beside");
  }

  private static List<Integer> sizes(MultimodalData data) {
    return List.of(data.train().size(), data.validation().size(), data.test().size());
  }

  private static void assertGroupsApart(MultimodalData data, UnaryOperator<String> group) {
    Map<String, String> splitOf = new HashMap<>();
    Stream.of(data.train(), data.validation(), data.test())
        .forEach(split -> {
          assertTrue(split.size() > 0, split.name());
          for (String id : split.ids()) {
            String before = splitOf.putIfAbsent(group.apply(id), split.name());
            assertTrue(before == null || before.equals(split.name()), id);
          }
        });
  }

  private MultimodalData load(int imageSize) {
    FeatureOptions standard = FeatureOptions.DEFAULT;
    FeatureOptions options =
        new FeatureOptions(imageSize, standard.colour(), standard.mel(), standard.textSize());
    return OwnData.load(folder, Columns.STANDARD, options, progress);
  }

  @Test
  void readingRepeats() throws IOException {
    Idx.mnist(folder, 300, 70);
    assertArrayEquals(load(8).modalities().get(0).rows(), load(8).modalities().get(0).rows());
  }
}
