package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.CounterRandom;
import dev.lacuna.multimodal.Presence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MissingTableTest {
  private static final List<String> TWO = List.of("image", "audio");
  private static final CounterRandom RANDOM = new CounterRandom(1, 2, 3);

  @TempDir Path folder;

  @Test
  void aTableIsReadBackBitByBit() {
    Presence drawn = MissingRates.parse("0.5", TWO).draw(Presence.complete(3_000, 2), RANDOM);
    Path file = folder.resolve("missing.csv");
    MissingTable.write(file, drawn, TWO);
    assertEquals(drawn, MissingTable.read(file, TWO));
  }

  @Test
  void theFileIsPlainCsv() throws IOException {
    Path file = folder.resolve("missing.csv");
    MissingTable.write(file, new Presence(2, 2, new byte[] {1, 0, 1, 1}), TWO);
    assertEquals("sample,image,audio\n0,1,0\n1,1,1\n", Files.readString(file));
  }

  @Test
  void patternsSayWhatIsPresent() {
    Presence all = Presence.complete(100, 2);
    assertEquals(
        List.of("complete", "missing_image", "missing_audio", "half_missing"),
        MissingTable.patterns(TWO));
    assertEquals(all, MissingTable.pattern("complete", TWO, all, RANDOM));
    Presence onlyImage = MissingTable.pattern("only_image", TWO, all, RANDOM);
    assertEquals(100, onlyImage.count(0));
    assertEquals(0, onlyImage.count(1));
    assertEquals(onlyImage, MissingTable.pattern("missing_audio", TWO, all, RANDOM));
    Presence half = MissingTable.pattern("half_missing", TWO, all, RANDOM);
    assertEquals(150, half.count(0) + half.count(1));
  }

  @Test
  void withThreeModalitiesOnlyAndMissingDiffer() {
    List<String> three = List.of("image", "audio", "text");
    Presence all = Presence.complete(4, 3);
    assertEquals(8, MissingTable.patterns(three).size());
    Presence only = MissingTable.pattern("only_audio", three, all, RANDOM);
    assertEquals(0, only.count(0) + only.count(2));
    Presence missing = MissingTable.pattern("missing_audio", three, all, RANDOM);
    assertEquals(8, missing.count(0) + missing.count(2));
    assertEquals(0, missing.count(1));
  }

  @Test
  void everyListedPatternIsKnown() {
    for (String pattern : MissingTable.patterns(TWO)) {
      MissingTable.pattern(pattern, TWO, Presence.complete(10, 2), RANDOM);
    }
    assertEquals(List.of("complete"), MissingTable.patterns(List.of("image")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"only_video", "missing_", "m", "", "image", "half"})
  void anUnknownPatternIsRefused(String pattern) {
    assertMessage(
        () -> MissingTable.pattern(pattern, TWO, Presence.complete(1, 2), RANDOM),
        "unknown pattern '" + pattern + "'",
        "image, audio");
  }

  @Test
  void aSampleThatAPatternWouldLeaveWithNothingKeepsWhatItHas() {
    Presence some = new Presence(3, 2, new byte[] {1, 1, 1, 0, 0, 1});
    for (String pattern : List.of("missing_image", "only_audio")) {
      assertEquals(
          new Presence(3, 2, new byte[] {0, 1, 1, 0, 0, 1}),
          MissingTable.pattern(pattern, TWO, some, RANDOM));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "sample,image\n0,1\n",
        "sample,image,audio",
        "sample,image,audio\n1,1,1\n",
        "sample,image,audio\n0,1\n",
        "sample,image,audio\n0,1,2\n",
        "sample,image,audio\n0,1,1",
        "sample,image,audio\n0,1,1,1\n",
        "sample,image,audio\n0;1;1\n",
        "sample,image,audio\n99999999999,1,1\n",
        "sample,image,audio\n0,0,0\n",
        "sample,image,audio\n\n"
      })
  void aDamagedTableIsRefused(String text) {
    assertMessage(() -> MissingTable.parse(text.getBytes(UTF_8), TWO, "t.csv"), "t.csv: ");
  }

  @Test
  void theErrorNamesTheLine() {
    assertMessage(
        () -> MissingTable.parse("sample,image,audio\n0,1,1\n1,1,x\n".getBytes(UTF_8), TWO, "t"),
        "line 3",
        "want 1 and then 2 values");
    assertMessage(() -> MissingTable.read(folder.resolve("none.csv"), TWO), "none.csv");
  }

  @Test
  void everyTruncationWithinALineIsRefused() {
    String text = "sample,image,audio\n0,1,1\n1,0,1\n2,1,0\n";
    for (int length = 0; length < text.length(); length++) {
      String cut = text.substring(0, length);
      if (!cut.endsWith("\n")) {
        assertMessage(() -> MissingTable.parse(cut.getBytes(UTF_8), TWO, "cut.csv"), "cut.csv: ");
      }
    }
  }
}
