package dev.lacuna.training.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunFolderTest {
  /** Stands for a system's config. */
  record Config(String data, int learningRate, List<String> names) {}

  private static final Config CONFIG = new Config("toy", 3, List.of("a", "b"));
  private static final String FINISHED =
      """
      {"schema": 2, "system": "mla", "config": {"data": "toy", "learning_rate": 3, "names": []}}
      """;

  @TempDir Path temporary;

  private RunFolder finished(Path folder) {
    RunFolder run = RunFolder.create(folder);
    run.writeMetrics("mla", CONFIG, new Results(), Map.of("seconds", 1.5));
    run.close();
    return RunFolder.open(folder);
  }

  private static void assertSays(Runnable action, String... parts) {
    String message = assertThrows(RuntimeException.class, action::run).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + message + "' lacks '" + part + "'");
    }
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aFinishedRunKeepsItsFilesAndConfig() throws IOException {
    Path folder = temporary.resolve("runs").resolve("größe 1");
    RunFolder run = RunFolder.create(folder);
    run.write("log.csv", "seed\n");
    run.writeMetrics("mla", CONFIG, new Results(), Map.of("seconds", 1.5));
    run.close();
    assertEquals(List.of("log.csv", "metrics.json"), files(folder));
    assertEquals("seed\n", Files.readString(folder.resolve("log.csv")));
    assertEquals("mla", RunFolder.open(folder).document().system());
    assertEquals(CONFIG, RunFolder.open(folder).document().config(Config.class));
  }

  @Test
  void anUnfinishedRunTakesItsFilesAway() throws IOException {
    Path folder = temporary.resolve("run");
    try (RunFolder run = RunFolder.create(folder)) {
      run.write("log.csv", "seed\n");
      run.write("never-written.csv", file -> {});
    }
    assertFalse(Files.exists(folder));
  }

  @Test
  void anEndedRunTakesNoMoreFiles() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("run"));
    RunFolder run = RunFolder.create(folder);
    run.close();
    assertSays(() -> run.write("log.csv", "seed\n"), "has ended", "log.csv");
    assertEquals(List.of(), files(folder));
  }

  @Test
  void anUnfinishedRunLeavesAFolderThatWasThere() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("run"));
    try (RunFolder run = RunFolder.create(folder)) {
      run.write("log.csv", "seed\n");
    }
    assertEquals(List.of(), files(folder));
  }

  @Test
  void onlyANewOrEmptyFolderIsTaken() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("run"));
    Path other = Files.writeString(folder.resolve("thesis.txt"), "mine");
    assertSays(() -> RunFolder.create(folder), folder + " is not empty", "--out");
    assertTrue(Files.exists(other));
    assertSays(() -> RunFolder.create(other), other + " is a file", "--out");
    Files.writeString(folder.resolve("run.json"), "{}");
    assertSays(() -> RunFolder.create(folder), "not finished; go on with it by --resume " + folder);
    assertSays(() -> RunFolder.open(folder), "not finished; go on with it by train --resume");
    assertSays(() -> RunFolder.create(other.resolve("run")), "run folder cannot be made");
  }

  @Test
  void aFolderWithoutMetricsIsNoRun() {
    assertSays(() -> RunFolder.open(temporary), temporary + " is no run folder", "metrics.json");
    assertSays(() -> RunFolder.open(temporary.resolve("nothing")), "is no run folder");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                     | schema none, want schema 2",
        "[]                                     | schema none, want schema 2",
        "{}                                     | schema none, want schema 2",
        "{'schema': 1, 'system': 'mla'}         | schema 1, want schema 2",
        "{'schema': 2, 'system': 'mla'}         | damaged: it has no config",
        "{'schema': 2, 'system': 'mla', 'config | damaged: ",
        "{'schema': 2, 'system': 'mla', 'config': {}} | data",
        "{'schema': 2, 'system': 'mla', 'config': {'data': null, 'learning_rate': 3, 'names': []}} | data",
        "{'schema': 2, 'system': 'mla', 'config': {'data': 'toy', 'names': []}} | learning_rate",
        "{'schema': 2, 'system': 'mla', 'config': {'data': 'toy', 'learning_rate': 'x'}} | 'x'"
      },
      quoteCharacter = '`')
  void aDamagedMetricsFileIsNamed(String json, String part) throws IOException {
    String text = json.replace("''", "").replace('\'', '"');
    Files.writeString(temporary.resolve("metrics.json"), text);
    RunFolder run = RunFolder.open(temporary);
    assertSays(() -> run.document().config(Config.class), "metrics.json", part.replace('\'', '"'));
  }

  @Test
  void everyTruncationOfAMetricsFileIsAClearError() throws IOException {
    RunFolder run = finished(temporary.resolve("run"));
    Path file = temporary.resolve("run").resolve("metrics.json");
    String text = Files.readString(file).strip();
    for (int length = 0; length < text.length(); length++) {
      Files.writeString(file, text.substring(0, length));
      assertSays(() -> run.document().config(Config.class), "metrics.json");
    }
    Files.writeString(file, FINISHED);
    assertEquals(new Config("toy", 3, List.of()), run.document().config(Config.class));
  }

  @Test
  void aModelComesBackBitEqual() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore saved = store(context, 1.0 / 3);
        ParameterStore loaded = store(context, 0)) {
      RunFolder run = RunFolder.create(temporary.resolve("run"));
      run.writeModel(7, "mla", Map.of(), saved);
      run.writeMetrics("mla", CONFIG, new Results(), Map.of());
      run.close();
      RunFolder.open(temporary.resolve("run")).readModel(7, Map.of(), loaded);
      for (int i = 0; i < 2; i++) {
        assertArrayEquals(saved.parameters().get(i).get(), loaded.parameters().get(i).get());
      }
    }
  }

  @Test
  void aModelThatDoesNotFitIsNamedWithItsTensor() throws IOException {
    Path folder = temporary.resolve("run");
    RunFolder run = finished(folder);
    Path file = folder.resolve("model-0.safetensors");
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore store = store(context, 1)) {
      assertSays(() -> run.readModel(0, Map.of(), store), "run has no model-0.safetensors");

      Files.write(file, new byte[] {1, 2, 3});
      assertSays(() -> run.readModel(0, Map.of(), store), file.toString());

      SafeTensors model = new SafeTensors();
      model.tensors().put("image.weight", new SafeTensors.Entry(new long[] {2, 3}, new float[6]));
      model.write(file);
      assertSays(() -> run.readModel(0, Map.of(), store), file.toString(), "image.bias");

      model.tensors().put("image.bias", new SafeTensors.Entry(new long[] {3}, new float[3]));
      model.write(file);
      assertSays(
          () -> run.readModel(0, Map.of(), store), file.toString(), "image.bias is [3], want [2]");

      model.metadata().put("system", "late_fusion");
      model.write(file);
      assertSays(
          () -> run.readModel(0, Map.of(), store),
          file + " is of system late_fusion, the run is of");
      model.metadata().clear();

      float[] bad = {1, Float.NaN};
      model.tensors().put("image.bias", new SafeTensors.Entry(new long[] {2}, bad));
      model.write(file);
      assertSays(
          () -> run.readModel(0, Map.of(), store), file.toString(), "image.bias has NaN at 1");
    }
  }

  private static ParameterStore store(Context context, double scale) {
    ParameterStore store = new ParameterStore(context);
    var group = store.group("image");
    group.add("weight", i -> scale * (i + 1), 2, 3);
    group.add("bias", i -> -scale * i, 2);
    return store;
  }
}
