package dev.lacuna.training.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.training.data.FullDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every file of a run, written where there is no space left. */
class FullDiskTest {
  private static final Map<String, Integer> CONFIG = Map.of("width", 8);

  @TempDir Path temporary;
  private final Context context = Lacuna.open(Device.parse("reference"));
  private final ParameterStore store = new ParameterStore(context);
  private Path folder = Path.of("");
  private RunFolder run;

  @BeforeEach
  void begin() {
    store.group("image").add("weight", i -> 0.1 * i, 2, 3);
    folder = temporary.resolve("run");
    run = RunFolder.create(folder);
    run.begin("mla", CONFIG, 7);
  }

  @AfterEach
  void close() {
    run.close();
    store.close();
    context.close();
  }

  private void write(String name) {
    switch (name) {
      case "checkpoint.safetensors" -> {
        SafeTensors state = new SafeTensors();
        state.metadata().put("seed", "0");
        state.tensors().put("epochs", new SafeTensors.Entry(new long[] {1, 3}, new double[3]));
        run.writeCheckpoint(state);
      }
      case "model-0.safetensors" -> run.writeModel(0, "mla", Map.of(), store);
      case "progress.json" -> run.writeProgress(List.of(Map.of("epochs", 3)));
      default -> run.write(name, "seed,epoch\n");
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void assertNoSpace(Path file, Runnable write) throws IOException {
    FullDisk.at(file);
    String message = assertThrows(RuntimeException.class, write::run).getMessage();
    assertTrue(message.contains(file.toString()), message);
    assertTrue(message.contains(FullDisk.REASON), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"checkpoint.safetensors", "model-0.safetensors", "progress.json", "log.csv"})
  void theLastFileSurvivesAndNothingElseIsLeft(String name) throws IOException {
    Path file = folder.resolve(name);
    assertNoSpace(file, () -> write(name));
    assertEquals(List.of(".lock", "run.json"), names());
    write(name);
    byte[] before = Files.readAllBytes(file);
    List<String> there = names();
    assertNoSpace(file, () -> write(name));
    assertArrayEquals(before, Files.readAllBytes(file));
    assertEquals(there, names());
  }

  @Test
  void aRunWhoseMetricsFindNoSpaceIsNotFinishedAndGoesOn() throws IOException {
    write("checkpoint.safetensors");
    write("log.csv");
    Path metrics = folder.resolve("metrics.json");
    assertNoSpace(metrics, () -> run.writeMetrics("mla", CONFIG, new Results(), Map.of()));
    run.close();
    assertEquals(List.of("checkpoint.safetensors", "log.csv", "run.json"), names());
    try (RunFolder again = RunFolder.resume(folder)) {
      again.begin("mla", CONFIG, 7);
      SafeTensors state = Objects.requireNonNull(again.readCheckpoint(0));
      assertEquals("0", state.metadata().get("seed"));
      again.writeMetrics("mla", CONFIG, new Results(), Map.of());
    }
    assertEquals(List.of("log.csv", "metrics.json"), names());
  }
}
