package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunDocument;
import dev.lacuna.training.report.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that stops anywhere and goes on in fresh objects is the run that never stopped. */
class ResumeTest {
  private static final int EPOCHS = 3;
  private static final int SEEDS = 2;
  private static final int STEPS = 2; // of at most 6 samples
  private static final int ALL_STEPS = SEEDS * EPOCHS * STEPS;
  private static final TrainingOptions TRAINING =
      new TrainingOptions(EPOCHS, 6, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "image=1");

  private final MultimodalData data = Toy.data(12, 9, 9);
  private final Context context = Lacuna.open(Device.parse("reference"));

  @TempDir Path temporary;

  @AfterEach
  void close() {
    context.close();
  }

  static Stream<LearningSystem<?>> systems() {
    return Systems.ALL.stream();
  }

  /** Throws after so many steps, as a run that is killed there. */
  private static final class Breaker implements Progress {
    private final int most;
    private int steps;

    Breaker(int most) {
      this.most = most;
    }

    @Override
    public Task start(String name, long total) {
      return new Task() {
        @Override
        public void step(long n) {
          if (++steps == most) {
            throw new IllegalStateException("broken off");
          }
        }

        @Override
        public void message(String text) {}

        @Override
        public void close() {}
      };
    }

    @Override
    public void note(String line) {}
  }

  private static <O extends Record> RunConfig<O> config(LearningSystem<O> system) {
    AvMnistSource source = new AvMnistSource(12, 9, 9, 5, AvMnist.MODALITIES);
    return new RunConfig<>(source, "0.5", 7, SEEDS, TRAINING, Small.options(system));
  }

  private <O extends Record> void train(
      LearningSystem<O> system, RunFolder folder, MultimodalData samples, int steps) {
    RunConfig<O> config = config(system);
    Experiment<O> experiment = new Experiment<>(context, samples, system, config);
    Results results = experiment.train(folder, new Breaker(steps));
    experiment.report(folder, results, Map.of());
    folder.writeMetrics(system.name(), config, results, Map.of());
  }

  /** Trains till the run ends or breaks off. */
  private void begin(LearningSystem<?> system, Path folder, int steps) {
    try (RunFolder run = RunFolder.create(folder)) {
      if (steps > ALL_STEPS) {
        train(system, run, data, steps);
      } else {
        assertThrows(IllegalStateException.class, () -> train(system, run, data, steps));
      }
    }
  }

  private void resume(LearningSystem<?> system, Path folder, MultimodalData samples) {
    try (RunFolder run = RunFolder.resume(folder)) {
      assertEquals(system.name(), run.document().system());
      assertEquals(config(system), run.document().config(RunConfig.class, system.options()));
      train(system, run, samples, Integer.MAX_VALUE);
    }
  }

  /** What must be equal to the bit: files by name, the log without its seconds. */
  private static Map<String, Object> content(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      Map<String, Object> content = new TreeMap<>();
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        content.put(
            name,
            name.equals("log.csv")
                ? Files.readAllLines(file).stream()
                    .map(line -> line.substring(0, line.lastIndexOf(',')))
                    .toList()
                : Arrays.toString(Files.readAllBytes(file)));
      }
      return content;
    }
  }

  @ParameterizedTest
  @MethodSource("systems")
  void aRunBrokenOffInAnyStepEndsAsOneThatWasNot(LearningSystem<?> system) throws IOException {
    Path whole = temporary.resolve("whole");
    begin(system, whole, Integer.MAX_VALUE);
    Map<String, Object> wanted = content(whole);
    assertTrue(wanted.containsKey("model-1.safetensors"), wanted.keySet().toString());
    assertTrue(wanted.containsKey("report.html"), wanted.keySet().toString());
    for (int steps = STEPS + 1; steps <= ALL_STEPS; steps++) {
      Path folder = temporary.resolve("broken" + steps);
      begin(system, folder, steps);
      assertTrue(Files.exists(folder.resolve("checkpoint.safetensors")), "step " + steps);
      assertFalse(Files.exists(folder.resolve("metrics.json")), "step " + steps);
      resume(system, folder, data);
      assertEquals(wanted, content(folder), "broken off in step " + steps);
    }
  }

  @Test
  void aRunBrokenOffInEveryEpochEndsAsOneThatWasNot() throws IOException {
    LearningSystem<?> mla = Systems.named("mla");
    Path whole = temporary.resolve("whole");
    begin(mla, whole, Integer.MAX_VALUE);
    Path folder = temporary.resolve("broken");
    begin(mla, folder, STEPS + 1);
    for (int time = 0; time < EPOCHS * SEEDS - 2; time++) {
      try (RunFolder run = RunFolder.resume(folder)) {
        assertThrows(IllegalStateException.class, () -> train(mla, run, data, STEPS + 1));
      }
    }
    resume(mla, folder, data);
    assertEquals(content(whole), content(folder));
  }

  @Test
  void aRunBrokenOffBeforeItsFirstCheckpointTakesItsFilesAway() {
    for (int steps = 1; steps <= STEPS; steps++) {
      Path folder = temporary.resolve("run");
      begin(Systems.named("mla"), folder, steps);
      assertFalse(Files.exists(folder), "step " + steps);
    }
  }

  // What goes wrong.

  private static void assertSays(Runnable action, String... parts) {
    String message = assertThrows(RuntimeException.class, action::run).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + message + "' lacks '" + part + "'");
    }
  }

  /** A run broken off in its second epoch. */
  private Path broken() {
    Path folder = temporary.resolve("run");
    begin(Systems.named("late_fusion"), folder, STEPS + 1);
    return folder;
  }

  private void refused(Path folder, String... parts) {
    assertSays(() -> resume(Systems.named("late_fusion"), folder, data), parts);
  }

  @Test
  void aDamagedCheckpointIsRefusedAndStays() throws IOException {
    Path folder = broken();
    Path file = folder.resolve("checkpoint.safetensors");
    byte[] whole = Files.readAllBytes(file);
    CounterRandom random = new CounterRandom(3, 0, 0);
    for (int i = 0; i < 100; i++) {
      byte[] torn = Arrays.copyOf(whole, random.below(2L * i, whole.length));
      Files.write(file, torn);
      refused(folder, file.toString(), "remove it to train its seed again");
      byte[] flipped = whole.clone();
      // headers are short: half of the flips there
      int at = random.below(2L * i + 1, i % 2 == 0 ? 2000 : whole.length);
      flipped[at] ^= (byte) (1 << i % 8);
      Files.write(file, flipped);
      refused(folder, file.toString(), "remove it to train its seed again");
      assertArrayEquals(flipped, Files.readAllBytes(file));
    }
    Files.write(file, whole);
    resume(Systems.named("late_fusion"), folder, data);
  }

  @Test
  void withoutItsCheckpointASeedBeginsAgain() throws IOException {
    Path whole = temporary.resolve("whole");
    begin(Systems.named("late_fusion"), whole, Integer.MAX_VALUE);
    Path folder = broken();
    Files.delete(folder.resolve("checkpoint.safetensors"));
    resume(Systems.named("late_fusion"), folder, data);
    assertEquals(content(whole), content(folder));
  }

  @Test
  void aCheckpointOfAnotherRunIsRefused() throws IOException {
    Path folder = broken();
    Path other = temporary.resolve("other");
    begin(Systems.named("concatenation"), other, STEPS + 1);
    Path file = folder.resolve("checkpoint.safetensors");
    Files.write(file, Files.readAllBytes(other.resolve(file.getFileName())));
    refused(folder, file.toString(), "another config than run.json");

    Path later = temporary.resolve("later");
    begin(Systems.named("late_fusion"), later, STEPS * (EPOCHS + 1) + 1);
    Files.write(file, Files.readAllBytes(later.resolve(file.getFileName())));
    refused(folder, file.toString(), "its seed is 1, want 0");
  }

  @Test
  void damagedDescriptionsAndResultsAreNamed() throws IOException {
    Path folder = temporary.resolve("run");
    begin(Systems.named("late_fusion"), folder, STEPS * (EPOCHS + 1) + 1);
    for (String name : List.of("run.json", "progress.json", "missing-train.csv")) {
      Path file = folder.resolve(name);
      byte[] whole = Files.readAllBytes(file);
      for (int length = 0; length < whole.length - 2; length += 1 + whole.length / 50) {
        Files.write(file, Arrays.copyOf(whole, length));
        refused(folder, file.toString());
      }
      Files.write(file, whole);
    }
    ObjectMapper json = new ObjectMapper();
    Path results = folder.resolve("progress.json");
    String text = Files.readString(results);
    Files.writeString(results, text.replace("missing_audio", "missing_smell"));
    refused(folder, results.toString(), "missing_smell", "missing_audio");
    Files.writeString(results, text.replaceFirst("macro_f1", "micro_f1"));
    refused(folder, results.toString(), "micro_f1", "want numbers of [accuracy, macro_f1, ece]");
    Files.writeString(results, text.replaceFirst("\"ece\" : [0-9.E-]+", "\"ece\" : null"));
    refused(folder, results + " is damaged", "null");
    Files.writeString(
        results, text.replaceFirst("\"epochs\" : \\[ \\{[^}]*}", "\"epochs\" : [ null"));
    refused(folder, results + " is damaged", "null");
    JsonNode seed = json.readTree(text).path(0);
    Files.writeString(results, json.createArrayNode().add(seed).add(seed).add(seed).toString());
    refused(folder, results.toString(), "3 seeds, want at most 2");
    for (String nothing : List.of("null", "[null]")) {
      Files.writeString(results, nothing);
      refused(folder, results + " is damaged", "null");
    }
  }

  @Test
  void aRunOfAnotherSchemaOrWithoutDescriptionIsRefused() throws IOException {
    Path folder = broken();
    Path file = folder.resolve("run.json");
    String text = Files.readString(file);
    String schema = "\"schema\" : " + RunDocument.SCHEMA;
    assertTrue(text.contains(schema), text);
    Files.writeString(file, text.replace(schema, "\"schema\" : 99"));
    refused(folder, file + " is of schema 99, want schema " + RunDocument.SCHEMA);
    Files.delete(file);
    refused(folder, folder + " is no unfinished run: it has no run.json");
    refused(temporary.resolve("nothing"), "nothing is no unfinished run");
  }

  @Test
  void aFinishedRunIsNotResumed() {
    Path folder = temporary.resolve("run");
    begin(Systems.named("late_fusion"), folder, Integer.MAX_VALUE);
    refused(folder, folder + " is finished: it has metrics.json");
  }

  /** The data with one number changed. */
  private static MultimodalData changed() {
    MultimodalData copy = Toy.data(12, 9, 9);
    copy.modalities().getFirst().rows()[0][0]++;
    return copy;
  }

  @Test
  void otherDataThanTheRunBeganWithIsRefused() {
    Path folder = broken();
    LearningSystem<?> system = Systems.named("late_fusion");
    for (MultimodalData other : List.of(Toy.data(11, 9, 9), changed())) {
      assertSays(
          () -> resume(system, folder, other),
          folder.resolve("run.json") + " is of other data: its checksum was ");
    }
    resume(system, folder, data);
  }

  @Test
  void twoRunsAreNotLetIntoOneFolder() {
    Path folder = broken();
    try (RunFolder first = RunFolder.resume(folder)) {
      assertTrue(Files.exists(folder.resolve("checkpoint.safetensors")), first.toString());
      assertSays(() -> RunFolder.resume(folder), folder + " is in use: another run");
      assertSays(() -> RunFolder.create(folder), folder + " is in use: another run");
    }
    resume(Systems.named("late_fusion"), folder, data);
  }
}
