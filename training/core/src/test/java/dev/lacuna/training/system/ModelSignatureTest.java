package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.ModelSignature.Input;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelSignatureTest {
  private static final ModelSignature PETS =
      new ModelSignature(
          List.of("cat", "dog, big"),
          false,
          FeatureOptions.DEFAULT,
          List.of(new Input("image", 1, 28, 28, new Scaling(1.0 / 3, 0.1), 0)));

  @TempDir Path temporary;

  private RunFolder finished() {
    Path folder = temporary.resolve("run");
    try (RunFolder run = RunFolder.create(folder)) {
      PETS.write(run);
      run.writeMetrics("mla", Map.of(), new Results(), Map.of());
    }
    return RunFolder.open(folder);
  }

  private static void assertSays(Executable call, String... parts) {
    String message = assertThrows(LacunaException.class, call).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "no '" + part + "' in " + message);
    }
  }

  @Test
  void itComesBackToTheBit() {
    assertEquals(PETS, ModelSignature.read(finished()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"cat\" | \"dog, big\" | classes are [dog, big, dog, big]",
        "\"width\" : 28 | \"width\" : 0 | 1 x 28 x 0",
        "\"deviation\" : 0.1 | \"deviation\" : -0.1 | deviation -0.1",
        "\"GRAY\" | \"PINK\" | PINK",
        "\"image_size\" : 28 | \"image_size\" : 0 | image size is 0",
        "\"classes\" | \"labels\" | 'classes'"
      })
  void aDamagedFileIsNamed(String good, String bad, String part) throws IOException {
    RunFolder run = finished();
    Path file = temporary.resolve("run").resolve("model.json");
    String text = Files.readString(file);
    assertTrue(text.contains(good), text);
    Files.writeString(file, text.replace(good, bad));
    assertSays(() -> ModelSignature.read(run), file + " is damaged", part);
    for (int length = 0; length < text.strip().length(); length++) {
      Files.writeString(file, text.substring(0, length));
      assertSays(() -> ModelSignature.read(run), file + " is damaged");
    }
    Files.writeString(file, "null");
    assertSays(() -> ModelSignature.read(run), file + " is damaged");
    Files.delete(file);
    assertSays(() -> ModelSignature.read(run), "has no model.json", "train again");
  }

  @Test
  void dataThatHasChangedIsToldApart() {
    PETS.requireSame(PETS, "run");
    ModelSignature classes =
        new ModelSignature(List.of("cat", "cow"), false, PETS.features(), PETS.inputs());
    assertSays(
        () -> PETS.requireSame(classes, "run"),
        "run: the data has changed",
        "classes are [cat, cow], were [cat, dog, big]");
    ModelSignature scaled =
        new ModelSignature(
            PETS.classes(),
            false,
            PETS.features(),
            List.of(new Input("image", 1, 28, 28, new Scaling(0.5, 0.1), 0)));
    assertSays(
        () -> PETS.requireSame(scaled, "run"),
        "run: the data has changed",
        "its training features have another mean or standard deviation");
    ModelSignature wider =
        new ModelSignature(
            PETS.classes(),
            false,
            PETS.features(),
            List.of(new Input("image", 1, 28, 30, new Scaling(0.5, 0.1), 0)));
    assertSays(() -> PETS.requireSame(wider, "run"), "modalities are [image 1 x 28 x 30], were [");
  }

  @Test
  void sequencesHaveTheirStepsAndOlderFilesNone() throws IOException {
    RunFolder run = finished();
    Path file = temporary.resolve("run").resolve("model.json");
    String text = Files.readString(file);
    assertTrue(text.contains("\"steps\" : 1"), text);
    Files.writeString(file, text.replaceAll(",\\s*\"steps\" : 1", ""));
    assertFalse(Files.readString(file).contains("steps"));
    assertEquals(PETS, ModelSignature.read(run));
    Files.writeString(
        file,
        text.replace("\"channels\" : 1", "\"channels\" : 6")
            .replace("\"steps\" : 1", "\"steps\" : 3"));
    ModelSignature sequences = ModelSignature.read(run);
    assertEquals(3, sequences.modalities().getFirst().steps());
    assertSays(
        () -> PETS.requireSame(sequences, "run"), "are [image 3 steps of 2 x 28 x 28], were");
    Files.writeString(file, text.replace("\"steps\" : 1", "\"steps\" : 3"));
    assertSays(() -> ModelSignature.read(run), file + " is damaged", "3 steps in 1 channels");
  }
}
