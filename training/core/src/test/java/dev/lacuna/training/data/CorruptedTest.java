package dev.lacuna.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.multimodal.Presence;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CorruptedTest {
  private static final int TRAIN = 50;

  /** Image around 3 with deviation 2, audio around -1 with deviation 0.5; test rows are all 9. */
  private static MultimodalData data(int test, int... lacksAudio) {
    int[] labels = IntStream.range(0, test).map(i -> i % 2).toArray();
    int[] rows = IntStream.range(TRAIN, TRAIN + test).toArray();
    int[][] rowOf = {rows.clone(), rows.clone()};
    for (int sample : lacksAudio) {
      rowOf[1][sample] = Split.ABSENT;
    }
    List<String> voices = IntStream.range(0, test).mapToObj(i -> "voice " + i % 3).toList();
    int[] training = IntStream.range(0, TRAIN).toArray();
    Split train = new Split("train", new int[TRAIN], new int[][] {training, training});
    return new MultimodalData(
        "made",
        List.of(modality("image", 3, 2, 20, test), modality("audio", -1, 0.5, 30, test)),
        2,
        train,
        new Split("validation", labels, rowOf),
        new Split("test", labels, rowOf).withGroups(Map.of("voice", voices)),
        null);
  }

  private static Modality modality(
      String name, double mean, double deviation, int width, int test) {
    CounterRandom random = new CounterRandom(2, width, 0);
    float[][] rows = new float[TRAIN + test][width];
    for (int i = 0; i < TRAIN * width; i++) {
      rows[i / width][i % width] = (float) (mean + deviation * random.normal(i));
    }
    for (int row = TRAIN; row < rows.length; row++) {
      Arrays.fill(rows[row], 9);
    }
    return new Modality(name, 1, 1, width, rows, new Scaling(7, 8));
  }

  private static float[] features(Corrupted corrupted, int modality, int sample) {
    int row = corrupted.split().rowOf()[modality][sample];
    return corrupted.data().modalities().get(modality).rows()[row];
  }

  @Test
  void oneModalityOfEachSampleIsNoiseAndTheRestIsAsItWas() {
    MultimodalData clean = data(400);
    Corrupted corrupted = Corrupted.of(clean, Part.TEST, 1);
    assertSame(clean.test().labels(), corrupted.split().labels());
    assertEquals(clean.test().ids(), corrupted.split().ids());
    assertEquals(clean.test().groups(), corrupted.split().groups());
    assertEquals("test", corrupted.split().name());
    assertEquals(clean.modalityNames(), corrupted.data().modalityNames());
    assertEquals(new Scaling(7, 8), corrupted.data().modalities().get(1).scaling());
    for (int i = 0; i < 400; i++) {
      int noisy = corrupted.intact().present(i, 0) ? 1 : 0;
      assertTrue(corrupted.intact().present(i, 1 - noisy), "sample " + i);
      float[] before = clean.modalities().get(1 - noisy).rows()[TRAIN + i];
      assertSame(before, features(corrupted, 1 - noisy, i));
      for (float value : features(corrupted, noisy, i)) {
        assertFalse(value == 9, "sample " + i + " is not noise");
      }
    }
    // half of them, within 4 deviations
    assertEquals(200, corrupted.replaced(0).length, 40);
    assertEquals(400, corrupted.replaced(0).length + corrupted.replaced(1).length);
    for (int i = 0; i < 400; i++) {
      assertEquals(9, clean.modalities().get(0).rows()[clean.test().rowOf()[0][i]][0]);
    }
  }

  @Test
  void theNoiseHasMeanAndDeviationOfTheTrainingFeatures() {
    MultimodalData clean = data(2_000);
    Corrupted corrupted = Corrupted.of(clean, Part.TEST, 4);
    for (int m = 0; m < 2; m++) {
      int modality = m;
      float[][] noise =
          Arrays.stream(corrupted.replaced(m))
              .mapToObj(i -> features(corrupted, modality, i))
              .toArray(float[][]::new);
      Scaling got = Scaling.of(noise, IntStream.range(0, noise.length).toArray());
      Scaling wanted =
          Scaling.of(clean.modalities().get(m).rows(), IntStream.range(0, TRAIN).toArray());
      // 20,000 values or more: 4 deviations of a mean are 0.03 of theirs
      assertEquals(wanted.mean(), got.mean(), 0.03 * wanted.deviation());
      assertEquals(wanted.deviation(), got.deviation(), 0.03 * wanted.deviation());
    }
  }

  @Test
  void theNoiseOfASampleHangsOnSeedSplitAndNumberAlone() {
    Corrupted some = Corrupted.of(data(20), Part.TEST, 1);
    Corrupted more = Corrupted.of(data(300), Part.TEST, 1);
    Corrupted validation = Corrupted.of(data(20), Part.VALIDATION, 1);
    Corrupted other = Corrupted.of(data(20), Part.TEST, 2);
    int alike = 0;
    for (int i = 0; i < 20; i++) {
      int noisy = some.intact().present(i, 0) ? 1 : 0;
      assertArrayEquals(features(some, noisy, i), features(more, noisy, i));
      assertFalse(more.intact().present(i, noisy), "sample " + i);
      for (Corrupted unlike : List.of(validation, other)) {
        alike += Arrays.equals(features(some, noisy, i), features(unlike, noisy, i)) ? 1 : 0;
      }
    }
    assertEquals(0, alike);
    assertFalse(some.intact().equals(validation.intact()), "validation loses the same");
    assertFalse(some.intact().equals(other.intact()), "another seed loses the same");
  }

  @Test
  void twoSamplesHaveDifferentNoise() {
    Corrupted corrupted = Corrupted.of(data(20), Part.TEST, 1);
    int[] noisy = corrupted.replaced(0);
    assertFalse(
        Arrays.equals(features(corrupted, 0, noisy[0]), features(corrupted, 0, noisy[1])),
        "the same noise twice");
  }

  @Test
  void aSampleThatHasNothingElseKeepsWhatItHas() {
    MultimodalData clean = data(40, 3, 17);
    Corrupted corrupted = Corrupted.of(clean, Part.TEST, 1);
    for (int sample : new int[] {3, 17}) {
      assertSame(clean.modalities().get(0).rows()[TRAIN + sample], features(corrupted, 0, sample));
      assertEquals(Split.ABSENT, corrupted.split().rowOf()[1][sample]);
      assertFalse(corrupted.intact().present(sample, 1), "sample " + sample);
    }
    assertEquals(38, corrupted.replaced(0).length + corrupted.replaced(1).length);
    Corrupted complete = corrupted.complete();
    assertEquals(38, complete.split().size());
    assertFalse(complete.split().ids().contains("17"), "sample 17 lacks audio");
    assertEquals(Presence.complete(38, 2), complete.split().presence());
    assertEquals(38, complete.replaced(0).length + complete.replaced(1).length);
    assertSame(corrupted.data(), complete.data());
  }

  @Test
  void selectedSamplesKeepAllThatIsTheirs() {
    Split split = data(9, 4).test().select(new int[] {4, 8, 4});
    assertNotSame(data(9, 4).test().labels(), split.labels());
    assertArrayEquals(new int[] {0, 0, 0}, split.labels());
    assertEquals(List.of("4", "8", "4"), split.ids());
    assertEquals(List.of("voice 1", "voice 2", "voice 1"), split.groups().get("voice"));
    assertArrayEquals(new int[] {TRAIN + 4, TRAIN + 8, TRAIN + 4}, split.rowOf()[0]);
    assertArrayEquals(new int[] {Split.ABSENT, TRAIN + 8, Split.ABSENT}, split.rowOf()[1]);
  }

  @Test
  void tokensBecomeOthersOfTheVocabularyAndPaddingStays() {
    int vocabulary = 5;
    int n = 600;
    float[][] texts = new float[n][];
    for (int i = 0; i < n; i++) {
      texts[i] = new float[] {1, 1 + i % 4, i % 3 == 0 ? 0 : 4, 0};
    }
    int[] all = IntStream.range(0, n).toArray();
    float[][] images = new float[n][2];
    Split split = new Split("test", new int[n], new int[][] {all, all});
    MultimodalData clean =
        new MultimodalData(
            "made",
            List.of(
                new Modality("image", 1, 1, 2, images),
                Modality.ofTokens("text", 4, vocabulary, texts)),
            2,
            split,
            split,
            split,
            null);
    Corrupted corrupted = Corrupted.of(clean, Part.TEST, 1);
    assertEquals(vocabulary, corrupted.data().modalities().get(1).vocabulary());
    int[] becameOf1 = new int[vocabulary];
    for (int sample : corrupted.replaced(1)) {
      float[] got = features(corrupted, 1, sample);
      for (int j = 0; j < 4; j++) {
        assertEquals(texts[sample][j] == 0, got[j] == 0, "sample " + sample);
        assertTrue(got[j] == 0 || got[j] != texts[sample][j], "sample " + sample + " is as it was");
      }
      becameOf1[(int) got[0]]++;
    }
    int changed = corrupted.replaced(1).length;
    assertEquals(n / 2.0, changed, 60);
    assertEquals(List.of(0, 0), List.of(becameOf1[0], becameOf1[1]));
    for (int id = 2; id < vocabulary; id++) {
      assertEquals(changed / 3.0, becameOf1[id], 35);
    }
  }
}
