package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.baseline.Joint;
import dev.lacuna.training.baseline.JointLearner;
import dev.lacuna.training.baseline.JointOptions;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.DigitSequencesSource;
import dev.lacuna.training.data.emoji.EmojiSource;
import dev.lacuna.training.data.own.Columns;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.OwnDataSource;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RunConfigTest {
  private static final AvMnistSource DATA = new AvMnistSource(30, 20, 10, 5, AvMnist.MODALITIES);

  @TempDir Path temporary;

  static Stream<LearningSystem<?>> systems() {
    return Systems.ALL.stream();
  }

  private static <O extends Record> RunConfig<O> config(LearningSystem<O> system) {
    return new RunConfig<>(DATA, "image=0.3", 7, 3, Small.TRAINING, Small.options(system));
  }

  private RunFolder finished(LearningSystem<?> system) {
    Path folder = temporary.resolve("run");
    try (RunFolder run = RunFolder.create(folder)) {
      run.writeMetrics(system.name(), config(system), new Results(), Map.of());
    }
    return RunFolder.open(folder);
  }

  @ParameterizedTest
  @MethodSource("systems")
  void aConfigComesBackFromMetricsJson(LearningSystem<?> system) {
    RunFolder run = finished(system);
    assertEquals(system.name(), run.document().system());
    RunConfig<?> read = run.document().config(RunConfig.class, system.options());
    assertEquals(config(system), read);
  }

  @Test
  void ownDataComesBackFromMetricsJson() {
    LearningSystem<JointOptions> system = new Joint(JointLearner.Join.MEAN);
    FeatureOptions features =
        new FeatureOptions(12, FeatureOptions.Colour.RGB, LogMel.Options.DEFAULT, 64);
    DataSource own =
        new OwnDataSource("pets.csv", Columns.parse("id=key,image=photo,ignore=notes"), features);
    RunConfig<JointOptions> config =
        new RunConfig<>(own, "0.5", 7, 3, Small.TRAINING, Small.options(system));
    Path folder = temporary.resolve("run");
    try (RunFolder run = RunFolder.create(folder)) {
      run.writeMetrics(system.name(), config, new Results(), Map.of());
    }
    RunConfig<?> read = RunFolder.open(folder).document().config(RunConfig.class, system.options());
    assertEquals(config, read);
    assertTrue(Path.of(((OwnDataSource) read.data()).path()).isAbsolute());
  }

  private JsonNode roundTrip(DataSource data) throws IOException {
    LearningSystem<JointOptions> system = new Joint(JointLearner.Join.MEAN);
    RunConfig<JointOptions> config =
        new RunConfig<>(data, "0.5", 7, 3, Small.TRAINING, Small.options(system));
    Path folder = temporary.resolve("run");
    try (RunFolder run = RunFolder.create(folder)) {
      run.writeMetrics(system.name(), config, new Results(), Map.of());
    }
    assertEquals(
        config, RunFolder.open(folder).document().config(RunConfig.class, system.options()));
    return new ObjectMapper()
        .readTree(Files.readString(folder.resolve("metrics.json")))
        .at("/config/data");
  }

  @Test
  void emojiComeBackFromMetricsJson() throws IOException {
    assertEquals(
        new ObjectMapper()
            .readTree(
                """
                {"name": "emoji", "fold": 3, "image_size": 16, "text_length": 24, "seed": 5}
                """),
        roundTrip(new EmojiSource(3, 16, 24, 5)));
  }

  @Test
  void emojiInSeveralLanguagesComeBackFromMetricsJson() throws IOException {
    JsonNode json = roundTrip(new EmojiSource(3, 16, 24, 5).withLanguages(List.of("en", "ja")));
    assertEquals("[\"en\",\"ja\"]", json.path("languages").toString());
  }

  @Test
  void digitsComeBackFromMetricsJson() throws IOException {
    assertEquals(
        new ObjectMapper()
            .readTree(
                """
                {"name": "digits", "train": 30, "validation": 20, "test": 10, "steps": 4, "seed": 5,
                 "modalities": ["image", "text"]}
                """),
        roundTrip(new DigitSequencesSource(30, 20, 10, 4, 5, List.of("image", "text"))));
  }

  @Test
  void theConfigIsLaidOutAsUsersReadIt() throws IOException {
    finished(Systems.named("late_fusion"));
    String text = Files.readString(temporary.resolve("run").resolve("metrics.json"));
    ObjectMapper json = new ObjectMapper();
    assertEquals(
        json.readTree(
            """
            {"data": {"name": "avmnist", "train": 30, "validation": 20, "test": 10, "seed": 5,
                      "modalities": ["image", "audio"]},
             "missing": "image=0.3", "table_seed": 7, "seeds": 3,
             "training": {"epochs": 1, "batch": 4, "learning_rate": 0.05, "momentum": 0.9,
                          "weight_decay": 1e-4, "decay": "DECOUPLED", "shift": "none"},
             "options": {"width": 8}}
            """),
        json.readTree(text).path("config"));
  }

  @Test
  void aSourceOfAnotherNameIsRefused() throws IOException {
    LearningSystem<?> system = Systems.named("mla");
    RunFolder run = finished(system);
    Path metrics = temporary.resolve("run").resolve("metrics.json");
    Files.writeString(metrics, Files.readString(metrics).replace("avmnist", "elsewhere"));
    String message =
        assertThrows(
                RuntimeException.class,
                () -> run.document().config(RunConfig.class, system.options()))
            .getMessage();
    assertTrue(message.contains(metrics + " is damaged") && message.contains("elsewhere"), message);
  }

  @Test
  void aRunHasAtLeastOneSeed() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new RunConfig<>(
                        DATA,
                        "none",
                        0,
                        0,
                        Small.TRAINING,
                        Small.options(Systems.named("late_fusion"))))
            .getMessage();
    assertEquals("seeds is 0, want >= 1", message);
  }
}
