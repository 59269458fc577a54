package dev.lacuna.training.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reader of a length and as many bytes, with every mistake that a reader can make. */
class FuzzTest {
  private static final byte[] GOOD = {3, 'a', 'b', 'c'};

  @TempDir Path temporary;
  private final AtomicReference<Object> kept = new AtomicReference<>();

  private void read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length == 0 || bytes.length != 1 + bytes[0]) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, file + ": " + bytes.length + " bytes, want as many as it says");
    }
  }

  private void fuzz(String name, Target.Reader reader) throws IOException {
    Path file = temporary.resolve("file");
    Fuzz.run(Target.binary(name, file, reader, GOOD), Duration.ofMillis(200));
  }

  private void assertFound(String name, String part, Target.Reader reader) throws IOException {
    AssertionError fault = assertThrows(AssertionError.class, () -> fuzz(name, reader));
    String message = String.valueOf(fault.getMessage());
    assertTrue(message.startsWith(name + ": ") && message.contains(part), message);
  }

  @Test
  void aGoodReaderPasses() throws IOException {
    fuzz("good", this::read);
  }

  @Test
  void everyFaultIsFoundAndItsFileKept() throws IOException {
    assertFound(
        "careless",
        "ArrayIndexOutOfBoundsException",
        file -> {
          byte[] bytes = Files.readAllBytes(file);
          kept.set(bytes[bytes[0]]);
          read(file);
        });
    Path mutant = Path.of("target", "fuzz", "careless");
    byte[] bytes = Files.readAllBytes(mutant);
    assertThrows(ArrayIndexOutOfBoundsException.class, () -> kept.set(bytes[bytes[0]]));
    assertFound(
        "believing",
        "bytes of memory, want at most",
        file -> {
          byte[] content = Files.readAllBytes(file);
          kept.set(new byte[content.length == 0 ? 0 : (content[0] & 0xFF) << 20]);
          read(file);
        });
    assertFound(
        "nameless",
        "is refused without its name: too bad",
        file -> {
          try {
            read(file);
          } catch (LacunaException e) {
            throw new LacunaException(Status.INVALID_ARGUMENT, "too bad", e);
          }
        });
    assertFound("blind", "no mutant is refused", file -> kept.set(Files.readAllBytes(file)));
    assertFound(
        "strict",
        "a seed (kept as",
        file -> {
          throw new LacunaException(Status.INVALID_ARGUMENT, file + ": no");
        });
  }

  @Test
  void theSameSeedGivesTheSameMutants() {
    for (int number = 0; number < 500; number++) {
      byte[] mutant = Mutator.mutant(List.of(GOOD), new CounterRandom(1, 2, number));
      assertArrayEquals(mutant, Mutator.mutant(List.of(GOOD), new CounterRandom(1, 2, number)));
    }
    assertArrayEquals(new byte[] {3, 'a', 'b', 'c'}, GOOD, "the seed itself is damaged");
  }
}
