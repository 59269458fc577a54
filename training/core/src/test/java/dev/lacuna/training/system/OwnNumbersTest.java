package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.baseline.JointOptions;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers that only one system has go where all others go, and come back from a stopped run. */
class OwnNumbersTest {
  private static final int EPOCHS = 2;
  private static final int STEPS = 2; // of at most 6 samples
  private static final TrainingOptions TRAINING =
      new TrainingOptions(EPOCHS, 6, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");

  private final MultimodalData data = Toy.data(12, 9, 9);
  private final Context context = Lacuna.open(Device.parse("reference"));

  @TempDir Path temporary;

  @AfterEach
  void close() {
    context.close();
  }

  /** Late fusion with a number of its own, which is of what is named. */
  private record Counting(LearningSystem<JointOptions> system, String of)
      implements LearningSystem<JointOptions> {
    @SuppressWarnings("unchecked")
    static Counting of(String name) {
      return new Counting((LearningSystem<JointOptions>) Systems.named("late_fusion"), name);
    }

    @Override
    public String name() {
      return "counting";
    }

    @Override
    public String description() {
      return "late fusion that counts";
    }

    @Override
    public Class<JointOptions> options() {
      return JointOptions.class;
    }

    @Override
    public JointOptions defaults() {
      return new JointOptions(8);
    }

    @Override
    public Map<String, JointOptions> baselines(JointOptions options) {
      return options.width() == 8 ? Map.of("narrow", new JointOptions(4)) : Map.of();
    }

    @Override
    public Learner learner(
        Context context,
        MultimodalData data,
        TrainingOptions training,
        JointOptions options,
        long seed) {
      double width = options.width();
      Map<String, Map<String, Double>> own =
          Map.of(of, Map.of("width", width, "seeded_width", width + seed));
      return new Counter(system.learner(context, data, training, options, seed), own);
    }
  }

  private record Counter(Learner learner, Map<String, Map<String, Double>> own) implements Learner {
    @Override
    public void learn(Tape tape, Batch batch, double rate, int step, int steps, Losses losses) {
      learner.learn(tape, batch, rate, step, steps, losses);
    }

    @Override
    public Outputs outputs(Tape tape, MultimodalData data, Split split) {
      return learner.outputs(tape, data, split);
    }

    @Override
    public Map<String, Map<String, Double>> measured(Tape tape, MultimodalData data) {
      return own;
    }

    @Override
    public String status() {
      return "3 of 8 codes";
    }

    @Override
    public ParameterStore store() {
      return learner.store();
    }

    @Override
    public void save(String prefix, SafeTensors file) {
      learner.save(prefix, file);
    }

    @Override
    public void load(String prefix, SafeTensors file) {
      learner.load(prefix, file);
    }

    @Override
    public void close() {
      learner.close();
    }
  }

  /** Keeps what it is told, and throws in a step if it is asked to. */
  private static final class Told implements Progress {
    final List<String> messages = new ArrayList<>();
    private final int most;
    private int steps;

    Told(int most) {
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
        public void message(String text) {
          messages.add(text);
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void note(String line) {}
  }

  private Experiment<JointOptions> experiment(String of) {
    return new Experiment<>(context, data, Counting.of(of), config());
  }

  private static RunConfig<JointOptions> config() {
    AvMnistSource source = new AvMnistSource(12, 9, 9, 5, AvMnist.MODALITIES);
    return new RunConfig<>(source, "none", 7, 2, TRAINING, new JointOptions(8));
  }

  @Test
  void theyReachResultsReportAndProgressBesideThoseOfBaselines() throws IOException {
    Told told = new Told(-1);
    Experiment<JointOptions> experiment = experiment("codes");
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      Results results = experiment.train(folder, told);
      Metric own = results.bySplit().get("test").get("codes").get("seeded_width");
      assertEquals(List.of(8.0, 9.0), own.values());
      assertEquals(9, own.n());
      assertNull(own.ci95());
      Metric baseline = results.bySplit().get("test/narrow").get("codes").get("width");
      assertEquals(4, baseline.mean());
      Results again = experiment.evaluate(folder);
      assertEquals(results.bySplit().get("test"), again.bySplit().get("test"));
      experiment.report(folder, results, Map.of());
      String html = Files.readString(folder.file("report.html"));
      assertTrue(html.contains("Codes in numbers, test split"), html);
      assertTrue(html.contains("<td>8.50 ± 0.707</td><td>4.50 ± 0.707</td>"), html);
      folder.writeMetrics("counting", config(), results, Map.of());
      assertTrue(Files.readString(folder.file("metrics.json")).contains("seeded_width"));
    }
    // of each of two seeds of the system and its baseline, once an epoch
    assertEquals(2 * 2 * EPOCHS, told.messages.size());
    for (String message : told.messages) {
      assertTrue(message.matches("loss \\d\\.\\d{4}, 3 of 8 codes"), message);
    }
  }

  @Test
  void aSystemsOwnNumbersAreNotThoseOfAMissingPattern() {
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      IllegalStateException e =
          assertThrows(
              IllegalStateException.class,
              () -> experiment("missing_image").train(folder, new Told(-1)));
      assertTrue(e.getMessage().contains("missing_image"), e.getMessage());
    }
  }

  /** A run that has stopped in its second seed. */
  private Path broken() {
    Path run = temporary.resolve("run");
    try (RunFolder folder = RunFolder.create(run)) {
      Told told = new Told(2 * EPOCHS * STEPS + STEPS + 1);
      assertThrows(IllegalStateException.class, () -> experiment("codes").train(folder, told));
    }
    return run;
  }

  private Results resume(Path run) {
    try (RunFolder folder = RunFolder.resume(run)) {
      return experiment("codes").train(folder, new Told(-1));
    }
  }

  @Test
  void aStoppedRunGoesOnWithThem() {
    Results results = resume(broken());
    Metric own = results.bySplit().get("test").get("codes").get("seeded_width");
    assertEquals(List.of(8.0, 9.0), own.values());
  }

  @Test
  void damagedResultsAreRefused() throws IOException {
    Path run = broken();
    Path file = run.resolve("progress.json");
    String whole = Files.readString(file);
    for (String[] change :
        List.of(
            new String[] {"\"codes\"", "\"coats\""},
            new String[] {"\"seeded_width\"", "\"seeded_wirth\""},
            new String[] {"\"missing_image\"", "\"missing_smell\""})) {
      int last = whole.lastIndexOf(change[0]);
      String inBaseline =
          whole.substring(0, last) + change[1] + whole.substring(last + change[0].length());
      for (String damaged : List.of(whole.replaceFirst(change[0], change[1]), inBaseline)) {
        assertTrue(!damaged.equals(whole), change[0]);
        Files.writeString(file, damaged);
        String message = assertThrows(LacunaException.class, () -> resume(run)).getMessage();
        assertTrue(message.contains(file + " is damaged"), message);
        assertTrue(message.contains(change[1].replace("\"", "")), message);
      }
    }
  }
}
