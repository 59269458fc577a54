package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.MissingTable;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.emoji.EmojiSource;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Systems on pictures and texts, with the test cases of a data source. */
class TextTest {
  private static final int TEST = 60;
  private static final List<String> NAMES = List.of("image", "text");

  private final MultimodalData data = Toy.texts(90, 9, TEST);
  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Progress progress =
      new PlainProgress(new PrintStream(PrintStream.nullOutputStream()));

  @TempDir Path temporary;

  @AfterEach
  void close() {
    context.close();
  }

  /** All but the one that reconstructs its inputs, which token ids are not made for. */
  static Stream<LearningSystem<?>> systems() {
    return Systems.ALL.stream().filter(system -> !system.name().equals("cmg"));
  }

  @Test
  void tokensThatNothingCouldReconstructAreRefused() {
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      String message =
          assertThrows(LacunaException.class, () -> train(Systems.named("cmg"), 1, folder))
              .getMessage();
      assertEquals(
          "cmg makes features again from codes, and text is a text of tokens, want real numbers,"
              + " such as the --text-size values of a text without --text-tokens",
          message);
    }
  }

  private static <O extends Record> RunConfig<O> config(
      LearningSystem<O> system, int epochs, String shift) {
    TrainingOptions training =
        new TrainingOptions(epochs, 10, 0.05, 0.9, 0, Sgd.Decay.DECOUPLED, shift);
    EmojiSource source = EmojiSource.ofFold(0, 0);
    return new RunConfig<>(source, "0.3", 7, 1, system.training(training), Small.options(system));
  }

  private <O extends Record> Map<String, Map<String, Metric>> train(
      LearningSystem<O> system, int epochs, RunFolder folder) {
    Experiment<O> experiment =
        new Experiment<>(context, data, system, config(system, epochs, "auto"));
    Results results = experiment.train(folder, progress);
    assertEquals(results.bySplit().get("test"), experiment.evaluate(folder).bySplit().get("test"));
    return Objects.requireNonNull(results.bySplit().get("test"));
  }

  @ParameterizedTest
  @MethodSource("systems")
  void everySystemLearnsFromTexts(LearningSystem<?> system) {
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      Map<String, Map<String, Metric>> results = train(system, 12, folder);
      Metric text = Objects.requireNonNull(results.get("missing_image")).get("accuracy");
      assertNotNull(text);
      assertTrue(text.mean() > 0.6, "accuracy on text alone is " + text.mean());
      for (String name : List.of("text_missing_70", "image_missing_70", "both_missing_70")) {
        assertNotNull(results.get(name), name);
      }
    }
  }

  @Test
  void theTablesOfTheTestCasesAreKept() {
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      train(Systems.named("late_fusion"), 1, folder);
      int lost = TEST * 7 / 10;
      assertLeft(folder, "text_missing_70", TEST, TEST - lost);
      assertLeft(folder, "image_missing_70", TEST - lost, TEST);
      assertLeft(folder, "both_missing_70", TEST - lost / 2, TEST - lost / 2);
      assertTrue(
          !table(folder, "text_missing_70").equals(table(folder, "image_missing_70")),
          "two cases have one table");
    }
  }

  private static Presence table(RunFolder folder, String name) {
    return MissingTable.read(folder.file("missing-test-" + name + ".csv"), NAMES);
  }

  private static void assertLeft(RunFolder folder, String name, int image, int text) {
    Presence table = table(folder, name);
    assertEquals(List.of(image, text), List.of(table.count(0), table.count(1)), name);
  }

  @Test
  void aShiftOfTokensIsRefused() {
    LearningSystem<?> system = Systems.named("late_fusion");
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      assertTrue(
          assertThrows(LacunaException.class, () -> shifted(system, folder))
              .getMessage()
              .contains("--shift: text has tokens, which cannot be shifted"));
    }
  }

  private <O extends Record> void shifted(LearningSystem<O> system, RunFolder folder) {
    new Experiment<>(context, data, system, config(system, 1, "image=1,text=1"))
        .train(folder, progress);
  }
}
