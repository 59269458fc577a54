package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipFileTest {
  private static final int COUNT = 50;
  private static final int WIDTH = 64;
  private static final List<String> SPEAKERS = Collections.nCopies(COUNT, "ada");

  @TempDir Path folder;
  private Path file;
  private DigitPool clips;

  @BeforeEach
  void write() {
    CounterRandom random = new CounterRandom(3, 0, 0);
    byte[] labels = new byte[COUNT];
    Part[] parts = new Part[COUNT];
    float[][] features = new float[COUNT][WIDTH];
    for (int i = 0; i < COUNT; i++) {
      labels[i] = (byte) random.below(i, 10);
      parts[i] = Part.of(i % 3);
      for (int j = 0; j < WIDTH; j++) {
        features[i][j] = random.uniform(1_000 + i * WIDTH + j);
      }
    }
    clips = new DigitPool(labels, parts, features, SPEAKERS);
    file = folder.resolve("test.clips");
    ClipFile.write(file, clips);
  }

  @Test
  void whatIsWrittenIsReadBitByBit() throws IOException {
    DigitPool read = ClipFile.read(file, WIDTH, SPEAKERS);
    assertArrayEquals(clips.labels(), read.labels());
    assertArrayEquals(clips.parts(), read.parts());
    assertArrayEquals(clips.features(), read.features());
    assertEquals(clips.sources(), read.sources());
    try (var entries = Files.list(folder)) {
      assertEquals(1, entries.count(), "nothing else is left in the folder");
    }
  }

  @Test
  void aFlippedBitATruncationAndAnotherWidthAreRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    byte[] flipped = bytes.clone();
    flipped[1_000] ^= 1;
    assertMessage(() -> ClipFile.parse(flipped, WIDTH, SPEAKERS, "flipped"), "flipped: checksum");
    assertMessage(
        () -> ClipFile.parse(Arrays.copyOf(bytes, 1_000), WIDTH, SPEAKERS, "cut"),
        "cut: 1000 bytes");
    assertMessage(
        () -> ClipFile.parse(new byte[0], WIDTH, SPEAKERS, "empty"), "empty: no clip file");
    assertMessage(() -> ClipFile.read(file, WIDTH + 1, SPEAKERS), "want 50 clips of 65");
    List<String> fewer = SPEAKERS.subList(1, COUNT);
    assertMessage(() -> ClipFile.read(file, WIDTH, fewer), "want 49 clips of 64");
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    for (int length = 0; length < bytes.length; length += 1 + length / 50) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertMessage(() -> ClipFile.parse(cut, WIDTH, SPEAKERS, "cut.clips"), "cut.clips: ");
    }
  }

  @Test
  void aFullDiskLeavesTheOldFile() throws IOException {
    byte[] before = Files.readAllBytes(file);
    FullDisk.at(file);
    assertMessage(() -> ClipFile.write(file, clips), file + ": cannot be written", FullDisk.REASON);
    assertArrayEquals(before, Files.readAllBytes(file));
    try (var entries = Files.list(folder)) {
      assertEquals(1, entries.count(), "something else is left in the folder");
    }
  }
}
