package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.Wav;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sequences of digits from files that a user already has, as avMNIST's. */
class DigitSequencesTest {
  private static final int TRAIN = 120;
  private static final int VALIDATION = 40;
  private static final int TEST = 60;

  /** Recordings of each digit and speaker: the first five are the test's. */
  private static final int RECORDINGS = 13;

  @TempDir Path folder;
  private final Progress progress =
      new PlainProgress(new PrintStream(OutputStream.nullOutputStream()));
  private Path recordings;

  @BeforeEach
  void write() throws IOException {
    Idx.mnist(folder.resolve("mnist"), 200, 100);
    number(MnistImages.TRAIN_IMAGES);
    number(MnistImages.TEST_IMAGES);
    recordings = Files.createDirectory(folder.resolve("recordings"));
    for (int digit = 0; digit < 10; digit++) {
      for (int index = 0; index < RECORDINGS; index++) {
        for (String speaker : List.of("ada", "bo")) {
          double hertz = 300 + 200 * digit + 10 * index + (speaker.equals("bo") ? 5 : 0);
          Files.write(
              recordings.resolve(digit + "_" + speaker + "_" + index + ".wav"),
              Wav.tone(8_000, hertz, 0.1));
        }
      }
    }
  }

  /** Writes its number into every image: no two are alike. */
  private void number(String name) throws IOException {
    Path file = folder.resolve("mnist").resolve(name);
    byte[] bytes = Files.readAllBytes(file);
    for (int image = 0; 16 + 16 * image < bytes.length; image++) {
      bytes[16 + 16 * image] = (byte) image;
    }
    Files.write(file, bytes);
  }

  private static DigitSequencesSource source(int steps, long seed, String... modalities) {
    return new DigitSequencesSource(TRAIN, VALIDATION, TEST, steps, seed, List.of(modalities));
  }

  private MultimodalData load(int steps, long seed, String... modalities) {
    return source(steps, seed, modalities).load(folder, progress);
  }

  private static List<Split> splits(MultimodalData data) {
    return List.of(data.train(), data.validation(), data.test());
  }

  @Test
  void theDigitThatStandsOutIsTheClass() {
    int ofClass = 0;
    int all = 0;
    Set<Integer> classes = new HashSet<>();
    for (int steps : new int[] {1, 2, 5, 10}) {
      MultimodalData data = load(steps, 3, "text");
      for (Split split : splits(data)) {
        int[][] digits = split.stepLabels();
        assertNotNull(digits);
        for (int i = 0; i < split.size(); i++) {
          int label = split.labels()[i];
          int[] counts = new int[10];
          Arrays.stream(digits[i]).forEach(digit -> counts[digit]++);
          for (int digit = 0; digit < 10; digit++) {
            assertTrue(digit == label || counts[digit] < counts[label], Arrays.toString(digits[i]));
          }
          classes.add(label);
          ofClass += steps == 10 ? counts[label] : 0;
          all += steps == 10 ? 10 : 0;
        }
      }
      assertEquals(steps, data.steps());
      assertEquals(10, data.stepClasses());
    }
    assertEquals(10, classes.size());
    // half of the steps, and somewhat more since the class has to stand out
    double share = (double) ofClass / all;
    assertTrue(share > 0.48 && share < 0.6, "share of the class " + share);
  }

  @Test
  void everyStepIsAnImageOfItsDigitAndSplit() {
    MultimodalData data = load(5, 0, "image", "audio");
    Modality image = data.modalities().get(0);
    assertEquals("5 steps of 1 x 4 x 4", image.shape());
    LabelledImages train = LabelledImages.train(folder.resolve("mnist"), 10);
    LabelledImages test = LabelledImages.test(folder.resolve("mnist"), 10);
    Set<Integer> training = new HashSet<>();
    Set<Integer> validation = new HashSet<>();
    for (Split split : splits(data)) {
      LabelledImages images = split.name().equals("test") ? test : train;
      Set<Integer> used =
          switch (split.name()) {
            case "train" -> training;
            case "validation" -> validation;
            default -> new HashSet<>();
          };
      int[][] digits = split.stepLabels();
      assertNotNull(digits);
      for (int i = 0; i < split.size(); i++) {
        float[] row = image.rows()[split.rowOf()[0][i]];
        for (int t = 0; t < 5; t++) {
          float[] step = Arrays.copyOfRange(row, 16 * t, 16 * (t + 1));
          int digit = digits[i][t];
          int[] found =
              IntStream.range(0, images.size())
                  .filter(n -> images.label(n) == digit && same(image, step, images.image(n)))
                  .toArray();
          assertEquals(1, found.length, split.name() + " " + i + " step " + t);
          used.add(found[0]);
        }
      }
    }
    assertTrue(training.stream().noneMatch(validation::contains), "an image in two splits");
    assertTrue(training.size() > 100 && validation.size() > 20, training + " and " + validation);
    assertEquals(TRAIN + VALIDATION + TEST, image.rows().length);
  }

  private static boolean same(Modality modality, float[] scaled, float[] raw) {
    return IntStream.range(0, raw.length)
        .allMatch(i ->
            Math.abs(
                    scaled[i] * modality.scaling().deviation() + modality.scaling().mean() - raw[i])
                < 1e-4);
  }

  @Test
  void aSequenceHasOneVoiceAndOneLanguageAllThrough() {
    MultimodalData data = load(4, 0, "audio", "text");
    LogMel logMel = new LogMel(LogMel.Options.DEFAULT);
    TextFeatures words = new TextFeatures(TextFeatures.SIZE);
    Set<String> takes = new HashSet<>();
    for (Split split : splits(data)) {
      int first = split.name().equals("test") ? 0 : split.name().equals("train") ? 10 : 5;
      int last = split.name().equals("train") ? RECORDINGS : first + 5;
      for (int i = 0; i < 8; i++) {
        String voice = split.groups().get("voice").get(i);
        String code = split.groups().get("language").get(i);
        NumberWords.Language language =
            NumberWords.languages().stream().filter(l -> l.code().equals(code)).findFirst().get();
        assertEquals(split.name(), language.part().text());
        int sample = i;
        int[] digits = split.stepLabels()[i];
        List<Integer> fitting =
            IntStream.range(first, last)
                .filter(take ->
                    IntStream.range(0, 4)
                        .allMatch(t -> {
                          Path file =
                              recordings.resolve(digits[t] + "_" + voice + "_" + take + ".wav");
                          return step(
                              data, split, 0, sample, t, logMel.features(WavReader.read(file)));
                        }))
                .boxed()
                .toList();
        assertEquals(1, fitting.size(), split.name() + " " + voice + " " + fitting);
        takes.add(voice + fitting);
        for (int t = 0; t < 4; t++) {
          float[] word = words.features(NumberWords.word(language, digits[t]));
          assertTrue(step(data, split, 1, i, t, word), code + " " + digits[t]);
        }
      }
    }
    assertTrue(takes.size() > 8, takes.toString());
  }

  private static boolean step(
      MultimodalData data, Split split, int modality, int sample, int t, float[] raw) {
    Modality table = data.modalities().get(modality);
    float[] row = table.rows()[split.rowOf()[modality][sample]];
    return same(table, Arrays.copyOfRange(row, t * raw.length, (t + 1) * raw.length), raw);
  }

  @Test
  void preparationRepeatsFollowsTheSeedAndKeepsDigitsWhateverTheModalities() {
    MultimodalData first = load(3, 0, "image", "audio");
    assertEquals(first.checksum(), load(3, 0, "image", "audio").checksum());
    assertNotEquals(first.checksum(), load(3, 1, "image", "audio").checksum());
    MultimodalData text = load(3, 0, "audio", "text");
    assertArrayEquals(first.test().stepLabels(), text.test().stepLabels());
    assertArrayEquals(first.modalities().get(1).rows(), text.modalities().get(0).rows());
  }

  @Test
  void trainingValuesHaveMeanZeroAndDeviationOne() {
    MultimodalData data = load(3, 0, "image", "audio", "text");
    for (int m = 0; m < 3; m++) {
      double sum = 0;
      double squares = 0;
      long count = 0;
      for (int row : data.train().rowOf()[m]) {
        for (float value : data.modalities().get(m).rows()[row]) {
          sum += value;
          squares += value * value;
          count++;
        }
      }
      assertEquals(0, sum / count, 1e-4);
      assertEquals(1, squares / count, 1e-3);
    }
  }

  @Test
  void whatIsNotThereIsNamed() throws IOException {
    for (int index = 5; index < 10; index++) {
      Files.delete(recordings.resolve("6_ada_" + index + ".wav"));
      Files.delete(recordings.resolve("7_bo_" + index + ".wav"));
    }
    assertMessage(() -> load(3, 0, "audio"), "no voice of the validation split has all ten digits");
    assertMessage(() -> source(3, 0, "image", "words"), "modalities of digits are image,words");
    assertMessage(() -> source(101, 0, "image"), "steps of digits are 101, want 1 to 100");
    assertMessage(() -> new DigitSequencesSource(4, 0, 2, 3, 0, List.of("image")), "0 validation");
    Idx.mnist(folder.resolve("mnist"), 12, 100);
    assertMessage(() -> load(3, 0, "image"), "train-labels-idx1-ubyte: no image of digit");
  }
}
