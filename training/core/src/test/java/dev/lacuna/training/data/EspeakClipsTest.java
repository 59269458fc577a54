package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EspeakClipsTest {
  private static final String PROGRAM = "espeak-ng";
  private static final List<EspeakGrid.Setting> TWO =
      List.of(
          new EspeakGrid.Setting("f3", Part.TRAIN, "en-us", 150, 50),
          new EspeakGrid.Setting("Mr serious", Part.TEST, "en-gb", 120, 40));

  @TempDir Path folder;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Progress progress = new PlainProgress(new PrintStream(said));

  @Test
  void theGridSplitsVariantsAndCoversItsRanges() {
    List<EspeakGrid.Setting> grid = EspeakGrid.settings();
    Map<String, Part> partOf = new HashMap<>();
    Set<String> accents = new HashSet<>();
    for (EspeakGrid.Setting setting : grid) {
      Part before = partOf.putIfAbsent(setting.variant(), setting.part());
      assertTrue(
          before == null || before == setting.part(), setting.variant() + " is on two sides");
      assertTrue(setting.speed() >= 110 && setting.speed() <= 200, setting.toString());
      assertTrue(setting.pitch() >= 30 && setting.pitch() <= 70, setting.toString());
      accents.add(setting.accent());
    }
    assertEquals(396, new HashSet<>(grid).size());
    assertEquals(8, accents.size());
    assertEquals(99, partOf.size());
    assertEquals(63, partOf.values().stream().filter(p -> p == Part.TRAIN).count());
    assertEquals(16, partOf.values().stream().filter(p -> p == Part.VALIDATION).count());
  }

  @Test
  void clipsAreSpokenOnceAndRepeatBitByBit() throws IOException {
    assumeTrue(installed(PROGRAM), "espeak-ng is not installed");
    EspeakClips espeak = espeak(PROGRAM, TWO);
    DigitPool first = espeak.load(progress);
    assertEquals(20, first.size());
    assertEquals(7, first.labels()[17]);
    assertEquals(Part.TEST, first.parts()[17]);
    assertFalse(Arrays.equals(first.features()[3], first.features()[13]), "two voices, one sound");

    byte[] file = Files.readAllBytes(espeak.file());
    said.reset();
    assertArrayEquals(first.features(), espeak.load(progress).features());
    assertEquals("", said.toString(UTF_8), "the second load speaks again");

    Files.write(espeak.file(), Arrays.copyOf(file, file.length / 2));
    espeak.load(progress);
    assertTrue(said.toString(UTF_8).contains("it is made anew"), said.toString(UTF_8));
    assertArrayEquals(file, Files.readAllBytes(espeak.file()));
    assertFalse(Files.exists(folder.resolve("staging")));
  }

  @Test
  void aCacheThatCannotBeReadIsSaidAndMadeAnew() throws IOException {
    EspeakClips espeak = espeak("no-such-program", TWO);
    Files.createDirectories(espeak.file());
    assertMessage(() -> espeak.load(progress), "no-such-program cannot be started");
    String note = said.toString(UTF_8);
    assertTrue(note.contains(espeak.file() + ": cannot be read: "), note);
    assertTrue(note.contains("it is made anew"), note);
  }

  @Test
  void aVariantThatEspeakLacksIsNamed() {
    assumeTrue(installed(PROGRAM), "espeak-ng is not installed");
    EspeakClips espeak =
        espeak(PROGRAM, List.of(new EspeakGrid.Setting("nobody", Part.TEST, "en-gb", 120, 40)));
    assertMessage(() -> espeak.load(progress), "no voice variants [nobody]", "1.51");
    assertFalse(Files.exists(espeak.file()));
  }

  @Test
  void aMissingProgramComesWithARemedy() {
    assertMessage(
        () -> espeak("no-such-program", TWO).load(progress),
        "no-such-program cannot be started",
        "apt-get install espeak-ng",
        "{digit}_{speaker}_{index}.wav");
    assertFalse(Files.exists(folder.resolve("staging")));
  }

  private EspeakClips espeak(String program, List<EspeakGrid.Setting> settings) {
    return new EspeakClips(folder, LogMel.Options.DEFAULT, settings, program);
  }

  private static boolean installed(String program) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
  }
}
