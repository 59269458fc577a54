package dev.lacuna.training.compare;

import static dev.lacuna.training.compare.Errors.assertSays;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.FullDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CellFolderTest {
  /** Stands for what the lead of a comparison writes down. */
  record Protocol(String data, long train, float learningRate) {}

  private static final Protocol PROTOCOL = new Protocol("toy", 100, 0.1f);
  private static final boolean[] RIGHT = {true, false, true, true};

  @TempDir Path temporary;
  private CellFolder cells;

  @BeforeEach
  void open() {
    cells = new CellFolder(temporary.resolve("größe").resolve("cells"));
  }

  private static Cell cell(String system, double rate, long seed) {
    return new Cell(system, rate, seed, RIGHT, 0.625, 12.5);
  }

  private static void assertSame(Cell expected, Cell found) {
    assertEquals(expected.system(), found.system());
    assertEquals(expected.rate(), found.rate());
    assertEquals(expected.seed(), found.seed());
    assertArrayEquals(expected.right(), found.right());
    assertEquals(expected.validationAccuracy(), found.validationAccuracy());
    assertEquals(expected.seconds(), found.seconds());
  }

  private Optional<Cell> read() {
    return cells.read("mla", 0.3, 2, PROTOCOL);
  }

  private Path damage(String from, String to) throws IOException {
    cells.write(cell("mla", 0.3, 2), PROTOCOL);
    Path file = cells.file("mla", 0.3, 2);
    String text = Files.readString(file);
    assertTrue(text.contains(from), text);
    Files.writeString(file, text.replace(from, to));
    return file;
  }

  @Test
  void aCellIsReadBackAsItWasWritten() throws IOException {
    assertEquals(0.75, cell("mla", 0.3, 2).accuracy());
    cells.write(cell("mla", 0.3, 2), PROTOCOL);
    assertSame(cell("mla", 0.3, 2), read().orElseThrow());
    String text = Files.readString(cells.file("mla", 0.3, 2));
    assertTrue(text.contains("\"right\" : \"1011\""), text);
    try (Stream<Path> files = Files.list(cells.path())) {
      assertEquals(
          List.of("mla-rate0.3-seed2.json"),
          files.map(file -> file.getFileName().toString()).toList());
    }
  }

  @Test
  void anInterruptedComparisonGoesOnWithTheCellsThatAreThere() {
    List<String> trained = new ArrayList<>();
    for (int attempt = 0; attempt < 2; attempt++) {
      for (String system : List.of("mla", "joint")) {
        for (double rate : new double[] {0, 0.5}) {
          if (cells.read(system, rate, 1, PROTOCOL).isEmpty()) {
            if (trained.size() == 3 && attempt == 0) {
              break; // killed
            }
            Cell cell = cell(system, rate, 1);
            trained.add(cell.toString());
            cells.write(cell, PROTOCOL);
          }
        }
      }
    }
    assertEquals(
        List.of(
            "mla at rate 0, seed 1",
            "mla at rate 0.5, seed 1",
            "joint at rate 0, seed 1",
            "joint at rate 0.5, seed 1"),
        trained);
  }

  @Test
  void aCellOfAnotherProtocolIsRefused() {
    cells.write(cell("mla", 0.3, 2), PROTOCOL);
    Protocol other = new Protocol("toy", 200, 0.1f);
    assertSays(
        () -> cells.read("mla", 0.3, 2, other),
        "mla-rate0.3-seed2.json belongs to another comparison: train is 100, want 200.");
    assertSays(
        () -> cells.read("mla", 0.3, 2, Map.of("data", "toy", "train", 100, "epochs", 3)),
        "epochs is absent, want 3; learning_rate is 0.1, want absent");
    assertSays(() -> cells.write(cell("mla", 0.3, 2), "toy"), "is \"toy\", want names and values");
  }

  @Test
  void aCellUnderAnothersNameIsRefused() throws IOException {
    cells.write(cell("joint", 0.5, 1), PROTOCOL);
    Files.move(cells.file("joint", 0.5, 1), cells.file("mla", 0.3, 2));
    assertSays(
        this::read,
        "mla-rate0.3-seed2.json",
        "system is joint, want mla; rate is 0.5, want 0.3; seed is 1, want 2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "1011|101x|right has 'x' at 3",
        "1011|1010|accuracy is 0.75, but right gives 0.5",
        "1011||right is empty",
        "0.625|1.625|validation accuracy is 1.625, want 0 to 1",
        "12.5|-1|seconds is -1.0, want 0 or more",
        "\"schema\" : 1|\"schema\" : 9|schema is 9, want 1",
        "\"seed\" : 2,|`` |seed",
        "\"seed\"|\"sead\"|Missing creator property 'seed'",
        "12.5|\"soon\"|soon",
        "{|[|",
      })
  void aDamagedCellIsNamedWithItsDamage(String from, String to, String reason) throws IOException {
    Path file = damage(from, to == null ? "" : to);
    assertSays(
        this::read,
        file + " is damaged: ",
        reason == null ? "" : reason,
        "Remove it to train its cell again");
  }

  @Test
  void noTruncationOrFlippedByteEscapesAsAnotherErrorOrAsAnotherResult() throws IOException {
    cells.write(cell("mla", 0.3, 2), PROTOCOL);
    Path file = cells.file("mla", 0.3, 2);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertSays(this::read, file + " is damaged: ");
    }
    Files.writeString(file, "null");
    assertSays(this::read, file + " is damaged: ");
    for (int i = 0; i < whole.length; i++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] flipped = whole.clone();
        flipped[i] ^= (byte) (1 << bit);
        Files.write(file, flipped);
        try {
          assertArrayEquals(RIGHT, read().orElseThrow().right());
        } catch (LacunaException e) {
          assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        }
      }
    }
    Files.write(
        file, (new String(whole, StandardCharsets.UTF_8) + "{}").getBytes(StandardCharsets.UTF_8));
    assertSays(this::read, file + " is damaged: ");
  }

  @Test
  void aFullDiskLeavesTheOldCell() throws IOException {
    cells.write(cell("mla", 0.3, 2), PROTOCOL);
    Path file = cells.file("mla", 0.3, 2);
    FullDisk.at(file);
    assertSays(
        () -> cells.write(new Cell("mla", 0.3, 2, RIGHT, 0.1, 1), PROTOCOL),
        file + ": cannot be written",
        FullDisk.REASON);
    assertSame(cell("mla", 0.3, 2), read().orElseThrow());
    try (Stream<Path> files = Files.list(cells.path())) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void whatCannotBeReadOrWrittenIsNamed() throws IOException {
    Files.createDirectories(cells.file("mla", 0.3, 2));
    assertSays(this::read, "mla-rate0.3-seed2.json cannot be read");
    CellFolder blocked = new CellFolder(Files.writeString(temporary.resolve("file"), "x"));
    assertSays(
        () -> blocked.write(cell("mla", 0.3, 2), PROTOCOL),
        "file: folder for cells cannot be made");
  }

  @Test
  void aCellWithBadValuesIsRefused() {
    assertSays(() -> cell("../mla", 0, 0), "system is '../mla'");
    assertSays(() -> cell("a".repeat(21), 0, 0), "want 1 to 20 letters");
    assertSays(() -> cell("mla", 1.5, 0), "rate is 1.5, want 0 to 1");
    assertSays(() -> cell("mla", Double.NaN, 0), "rate is NaN");
    assertSays(
        () -> new Cell("mla", 0, 0, RIGHT, 0.5, Double.POSITIVE_INFINITY), "seconds is Infinity");
  }
}
