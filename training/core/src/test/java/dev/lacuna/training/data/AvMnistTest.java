package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.audio.Wav;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** avMNIST from files that a user already has: 200 + 100 tiny images, 13 tones for each digit. */
class AvMnistTest {
  private static final int RECORDINGS = 13;

  @TempDir Path folder;
  private Path recordings;
  private Path human;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Progress progress = new PlainProgress(new PrintStream(said));

  @BeforeEach
  void write() throws IOException {
    Idx.mnist(folder.resolve("mnist"), 200, 100);
    recordings = Files.createDirectory(folder.resolve("recordings"));
    human = Files.createDirectory(folder.resolve("human"));
    for (int digit = 0; digit < 10; digit++) {
      for (int index = 0; index < RECORDINGS; index++) {
        byte[] tone = Wav.tone(8_000, 300 + 200 * digit + 10 * index, 0.1);
        Files.write(recordings.resolve(digit + "_ada_" + index + ".wav"), tone);
      }
      Files.write(human.resolve(digit + ".wav"), Wav.tone(16_000, 300 + 200 * digit, 0.1));
    }
  }

  @Test
  void everySampleHasAnImageAndAClipOfItsLabelAndSplit() {
    MultimodalData data = prepare(120, 40, 60, 0);
    assertEquals(120, data.train().size());
    assertEquals(40, data.validation().size());
    assertEquals(60, data.test().size());
    Modality image = data.modalities().get(0);
    Modality audio = data.modalities().get(1);
    assertEquals("1x4x4", image.channels() + "x" + image.height() + "x" + image.width());
    assertEquals("1x32x32", audio.channels() + "x" + audio.height() + "x" + audio.width());
    // file names in order: 0, 1, 10, 11, 12, 2, 3, 4, 5 ... of each digit
    String[] partOf = {"test", "test", "train", "train", "train", "test", "test", "test"};
    for (Split split : new Split[] {data.train(), data.validation(), data.test()}) {
      for (int sample = 0; sample < split.size(); sample++) {
        int clip = split.rowOf()[1][sample];
        assertEquals(split.labels()[sample], clip / RECORDINGS);
        int index = clip % RECORDINGS;
        assertEquals(split.name(), index < 8 ? partOf[index] : "validation");
      }
      assertEquals(split.size(), split.presence().count(0));
      assertEquals(split.size(), split.presence().count(1));
    }
  }

  @Test
  void splitsShareNoImage() {
    MultimodalData data = prepare(120, 40, 60, 0);
    Set<Integer> rows = new HashSet<>();
    for (Split split : new Split[] {data.train(), data.validation(), data.test()}) {
      for (int row : split.rowOf()[0]) {
        assertTrue(rows.add(row), "image row " + row + " twice");
      }
    }
    assertEquals(data.modalities().get(0).rows().length, rows.size());
  }

  @Test
  void trainingValuesHaveMeanZeroAndDeviationOne() {
    MultimodalData data = prepare(120, 40, 60, 0);
    double sum = 0;
    double squares = 0;
    for (int row : data.train().rowOf()[0]) {
      for (float value : data.modalities().get(0).rows()[row]) {
        sum += value;
        squares += value * value;
      }
    }
    assertEquals(0, sum / (120 * 16), 1e-5);
    assertEquals(1, squares / (120 * 16), 1e-4);
  }

  @Test
  void preparationRepeatsAndFollowsTheSeed() {
    MultimodalData first = prepare(120, 40, 60, 0);
    MultimodalData again = prepare(120, 40, 60, 0);
    for (int modality = 0; modality < 2; modality++) {
      assertArrayEquals(
          first.modalities().get(modality).rows(), again.modalities().get(modality).rows());
    }
    assertArrayEquals(first.test().rowOf(), again.test().rowOf());
    assertFalse(Arrays.equals(first.train().labels(), prepare(120, 40, 60, 1).train().labels()));
  }

  @Test
  void humanClipsHaveSoundAlone() {
    Split clips = prepare(120, 40, 60, 0).humanClips();
    assertNotNull(clips);
    assertEquals(10, clips.size());
    assertEquals(0, clips.presence().count(0));
    assertEquals(10, clips.presence().count(1));
    assertEquals(7, clips.labels()[7]);
  }

  @Test
  void absentHumanClipsAreLeftOutWithANote() throws IOException {
    Files.delete(human.resolve("4.wav"));
    assertNull(prepare(120, 40, 60, 0).humanClips());
    assertTrue(said.toString(UTF_8).contains("human_clips is left out"), said.toString(UTF_8));
    assertTrue(said.toString(UTF_8).contains("4.wav"), said.toString(UTF_8));
  }

  @Test
  void tooFewImagesAreNamed() {
    assertMessage(
        () -> prepare(180, 40, 60, 0), "train-labels", "220 samples are wanted, it has 200");
    assertMessage(() -> prepare(0, 40, 60, 0), "0 train");
    assertMessage(() -> prepare(Integer.MAX_VALUE, 1, 1, 0), "fewer than 2^31");
  }

  @Test
  void aLabelOutOfRangeIsNamed() throws IOException {
    Path labels = folder.resolve("mnist").resolve(MnistImages.TRAIN_LABELS);
    byte[] bytes = Files.readAllBytes(labels);
    bytes[8 + 17] = 10;
    Files.write(labels, bytes);
    assertMessage(() -> prepare(1, 1, 1, 0), "train-labels", "sample 17 has label 10, want 0 to 9");
  }

  @Test
  void imagesAndLabelsMustBeAsMany() throws IOException {
    Files.write(folder.resolve("mnist").resolve(MnistImages.TEST_LABELS), Idx.labels(1, 2, 3));
    assertMessage(() -> prepare(120, 40, 60, 0), "t10k-labels", "3 labels for 100 images");
  }

  @Test
  void trainAndTestImagesMustHaveOneSize() throws IOException {
    Files.write(folder.resolve("mnist").resolve(MnistImages.TEST_IMAGES), Idx.images(100, 4, 5));
    assertMessage(() -> prepare(120, 40, 60, 0), "training images are 4 x 4, test images 4 x 5");
  }

  @Test
  void aBadRecordingIsNamed() throws IOException {
    Path file = Files.write(recordings.resolve("12_ada_0.wav"), Wav.tone(8_000, 300, 0.1));
    assertMessage(() -> prepare(120, 40, 60, 0), "12_ada_0.wav: label is 12, want 0 to 9");
    Files.delete(file);
    file = Files.write(recordings.resolve("seven.wav"), Wav.tone(8_000, 300, 0.1));
    assertMessage(() -> prepare(120, 40, 60, 0), "seven.wav: name is not {digit}");
    Files.delete(file);
    Files.write(recordings.resolve("3_ada_5.wav"), new byte[0]);
    assertMessage(() -> prepare(120, 40, 60, 0), "3_ada_5.wav: 0 bytes");
  }

  @Test
  void aDigitWithoutRecordingsIsNamed() throws IOException {
    for (int index = 5; index < 10; index++) {
      Files.delete(recordings.resolve("6_ada_" + index + ".wav"));
    }
    assertMessage(() -> prepare(120, 40, 60, 0), "no clip of digit 6 in the validation split");
  }

  @Test
  void wordsComeBesideAndLeaveTheRestAsItIs() {
    MultimodalData two = prepare(120, 40, 60, 0);
    MultimodalData three = prepare(List.of("image", "audio", "words"));
    assertEquals(List.of("image", "audio", "words"), three.modalityNames());
    for (int modality = 0; modality < 2; modality++) {
      assertArrayEquals(
          two.modalities().get(modality).rows(), three.modalities().get(modality).rows());
      assertArrayEquals(two.test().rowOf()[modality], three.test().rowOf()[modality]);
    }
    Modality words = three.modalities().get(2);
    assertEquals("1x1x512", words.channels() + "x" + words.height() + "x" + words.width());
    List<NumberWords.Language> languages = NumberWords.languages();
    assertEquals(10 * languages.size(), words.rows().length);
    for (Split split : new Split[] {three.train(), three.validation(), three.test()}) {
      Set<Integer> used = new HashSet<>();
      for (int sample = 0; sample < split.size(); sample++) {
        int row = split.rowOf()[2][sample];
        assertEquals(split.labels()[sample], row % 10);
        assertEquals(split.name(), languages.get(row / 10).part().text());
        used.add(row / 10);
      }
      assertTrue(used.size() > 3, used.toString());
    }
    Split human = three.humanClips();
    assertNotNull(human);
    assertEquals(0, human.presence().count(2));
  }

  @Test
  void modalitiesMayBeLeftOut() throws IOException {
    Files.write(recordings.resolve("3_ada_5.wav"), new byte[0]);
    MultimodalData data = prepare(List.of("image", "words"));
    assertEquals(List.of("image", "words"), data.modalityNames());
    assertNull(data.humanClips());
    assertMessage(() -> prepare(List.of("words", "image")), "words,image", "in this order");
    assertMessage(() -> prepare(List.of("image", "video")), "image,audio,words");
    assertMessage(() -> prepare(List.of()), "want some of");
  }

  @Test
  void scalingIsKeptForWhatComesLater() {
    for (Modality modality : prepare(List.of("image", "audio", "words")).modalities()) {
      assertFalse(modality.scaling().equals(Scaling.NONE), modality.name());
    }
    Modality image = prepare(120, 40, 60, 0).modalities().get(0);
    Set<Long> pixels = new HashSet<>();
    for (float value : image.rows()[0]) {
      pixels.add(Math.round(255 * (value * image.scaling().deviation() + image.scaling().mean())));
    }
    assertTrue(pixels.stream().allMatch(pixel -> pixel >= 0 && pixel <= 255), pixels.toString());
  }

  @Test
  void pairsKnowTheImageTheClipTheVoiceAndTheLanguage() throws IOException {
    for (int digit = 0; digit < 10; digit++) {
      for (int index = 0; index < RECORDINGS; index++) {
        Path file = recordings.resolve(digit + "_bo_" + index + ".wav");
        Files.copy(recordings.resolve(digit + "_ada_" + index + ".wav"), file);
      }
    }
    Split test = prepare(AvMnist.ALL_MODALITIES).test();
    assertEquals(
        List.of("image", "clip", "voice", "language"), List.copyOf(test.groups().keySet()));
    assertEquals(60, Set.copyOf(test.groups().get("image")).size());
    List<String> voices = test.groups().get("voice");
    assertEquals(Set.of("ada", "bo"), Set.copyOf(voices));
    for (int i = 0; i < test.size(); i++) {
      int clip = test.rowOf()[1][i];
      assertEquals(Integer.toString(clip), test.groups().get("clip").get(i));
      // in the order of names: of each digit all of ada's, then all of bo's
      assertEquals(clip / RECORDINGS % 2 == 0 ? "ada" : "bo", voices.get(i));
      String language = NumberWords.languages().get(test.rowOf()[2][i] / 10).code();
      assertEquals(language, test.groups().get("language").get(i));
    }
  }

  private MultimodalData prepare(List<String> modalities) {
    return AvMnist.prepare(
        new AvMnist.Options(folder, human, 120, 40, 60, 0, modalities), progress);
  }

  private MultimodalData prepare(int train, int validation, int test, long seed) {
    return AvMnist.prepare(
        new AvMnist.Options(folder, human, train, validation, test, seed), progress);
  }
}
