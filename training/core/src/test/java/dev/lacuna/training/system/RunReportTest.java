package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingLoop;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Axis;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Scale;
import dev.lacuna.training.report.Diagnostic.Series;
import dev.lacuna.training.report.Diagnostic.Side;
import dev.lacuna.training.report.Diagnostic.Span;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The report of a run on little data. */
class RunReportTest {
  private static final TrainingOptions TRAINING =
      new TrainingOptions(2, 6, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");

  private final MultimodalData data = Toy.data(12, 9, 9);
  private final Context context = Lacuna.open(Device.parse("reference"));

  @TempDir Path temporary;
  private Results results = new Results();

  @AfterEach
  void close() {
    context.close();
  }

  static Stream<LearningSystem<?>> systems() {
    return Systems.ALL.stream();
  }

  private <O extends Record> String train(
      LearningSystem<O> system, MultimodalData samples, String missing) {
    AvMnistSource source = new AvMnistSource(12, 9, 9, 5, AvMnist.MODALITIES);
    RunConfig<O> config = new RunConfig<>(source, missing, 7, 2, TRAINING, Small.options(system));
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      Experiment<O> experiment = new Experiment<>(context, samples, system, config);
      results =
          experiment.train(
              folder, new PlainProgress(new PrintStream(OutputStream.nullOutputStream())));
      experiment.report(folder, results, Map.of("seconds", 1.5));
      folder.writeMetrics(system.name(), config, results, Map.of());
      return Files.readString(folder.file("report.html"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private Metric accuracy(String pattern) {
    return results.bySplit().get("test").get(pattern).get("accuracy");
  }

  @ParameterizedTest
  @MethodSource("systems")
  void thePageSaysWhatWasMeasuredOfEverySystem(LearningSystem<?> system) {
    String html = train(system, data, "0.5");
    for (String pattern : List.of("complete", "missing_image", "missing_audio", "half_missing")) {
      Metric metric = accuracy(pattern);
      String row = "<td>" + number(metric.mean()) + " ± " + number(metric.sd()) + "<small>";
      int at = html.indexOf("<th scope=\"row\">" + pattern.replace('_', ' ') + "<");
      assertTrue(at >= 0, html);
      assertTrue(html.substring(at, html.indexOf("</tr>", at)).contains(row), pattern + html);
    }
    // where all samples have both, a modality alone is one without the other
    for (String[] pair : new String[][] {{"image", "audio"}, {"audio", "image"}}) {
      int at = html.indexOf("Confusion, " + pair[0] + " alone");
      String figure = html.substring(at, html.indexOf("</figure>", at));
      String right = number(accuracy("missing_" + pair[1]).mean());
      assertTrue(figure.contains("Right: " + right + " of n = 9 samples"), figure);
    }
    boolean weighs =
        Set.of("mla", "late_fusion", "unimodal_ensemble", "cmg").contains(system.name());
    assertEquals(weighs, html.contains("<h2>Fusion weights</h2>"));
    assertEquals(weighs, html.contains("<h2>Mean fusion weight</h2>"));
    boolean projects = system.name().equals("mla");
    assertEquals(projects, html.contains("<h2>Spectrum of P</h2>"));
    assertEquals(projects, html.contains("<h2>Logit drift</h2>"));
    boolean predicts = system.name().equals("mmp");
    for (String title :
        List.of(
            "Cosine of predicted and true features",
            "Effective rank of features",
            "Standard deviation, image",
            "Covariance spectrum, audio",
            "Attention, image",
            "Attention, audio")) {
      assertEquals(predicts, html.contains("<h2>" + title + "</h2>"), title);
    }
    assertEquals(predicts, html.contains("<dt>trainable parameters</dt><dd>"));
    assertTrue(html.contains("<dt>learning rate</dt><dd>0.05</dd>"), html);
    assertTrue(html.contains("<dt>seconds</dt><dd>1.5</dd>"), html);
    assertTrue(html.contains("<dt>missing</dt><dd>0.5</dd>"), html);
  }

  @Test
  void oneModalityHasAPageToo() {
    MultimodalData both = data;
    MultimodalData image =
        new MultimodalData(
            "toy",
            both.modalities().subList(0, 1),
            Toy.CLASSES,
            first(both.train()),
            first(both.validation()),
            first(both.test()),
            null);
    String html = train(Systems.named("mla"), image, "none");
    assertTrue(html.contains("<h2>Confusion, image alone</h2>"), html);
    assertFalse(html.contains("Fusion weights"), html);
    assertTrue(html.contains("<th scope=\"row\">image → image<"), html);
  }

  private static Split first(Split split) {
    return new Split(split.name(), split.labels(), new int[][] {split.rowOf()[0]});
  }

  /** As the mean over the wrong predictions of a model that makes none. */
  @Test
  void aNumberThatThereIsNotOutlivesAStop() {
    Diagnostic dots =
        new Dots(
            "dots",
            "",
            new Axis("x", Scale.LINEAR),
            List.of("a", "b"),
            List.of(new Series("s", List.of(Double.NaN, 0.1))));
    Side side = new Side("x", List.of(new Span("a", 1), new Span("b", 1)));
    Diagnostic matrix =
        new Matrix(
            "matrix",
            "",
            new Side("y", side.spans().subList(0, 1)),
            side,
            List.of(List.of(0.0, 1e-300)));
    SeedResult result =
        new SeedResult(
            List.of(new TrainingLoop.Epoch(1, 0.5, 0.75, 2)),
            1,
            Map.of("complete", Map.of("accuracy", 1.0)),
            List.of(),
            List.of(dots, matrix),
            Map.of("a", "b"),
            Map.of());
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      folder.writeProgress(List.of(result));
      assertEquals(List.of(result), folder.readProgress(SeedResult.class));
    }
  }

  @ParameterizedTest
  @MethodSource("systems")
  void lookingChangesNothing(LearningSystem<?> system) {
    try (Tape tape = new Tape(context);
        Losses losses = new Losses(context, 8, 2);
        Learner learner = Small.learner(system, context, data, 0)) {
      int[] samples = {0, 1, 2, 3, 4, 5};
      Batch batch =
          new Batch(data, data.train(), data.train().presence(), samples, RandomShift.none(2));
      for (int step = 0; step < 3; step++) {
        learner.learn(tape, batch, 0.05, step, 3, losses);
        losses.endStep();
      }
      Map<String, double[]> before = state(learner);
      learner.diagnostics(tape, data);
      Map<String, double[]> after = state(learner);
      assertEquals(before.keySet(), after.keySet());
      before.forEach((name, values) -> assertArrayEquals(values, after.get(name), name));
    }
  }

  private static Map<String, double[]> state(Learner learner) {
    SafeTensors file = new SafeTensors();
    learner.save("", file);
    Map<String, double[]> state = new TreeMap<>();
    file.tensors().forEach((name, entry) -> state.put(name, entry.doubles()));
    return state;
  }
}
