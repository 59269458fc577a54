package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Tape;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.multimodal.mmp.FeaturePredictor.Pooling;
import dev.lacuna.multimodal.mmp.LateFusion;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.own.Samples;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.mmp.Mmp;
import dev.lacuna.training.mmp.MmpOptions;
import dev.lacuna.training.mmp.MmpOptions.ImageEncoder;
import dev.lacuna.training.mmp.MmpOptions.LearnedFrom;
import dev.lacuna.training.mmp.MmpOptions.Mask;
import dev.lacuna.training.mmp.MmpOptions.MissingFeature;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Samples that have any of three classes, each of which is seen in the image and heard. */
class MultiLabelTest {
  private static final int CLASSES = 3;
  private static final int TRAIN = 120;
  private static final int TEST = 40;
  private static final TrainingOptions TRAINING =
      new TrainingOptions(24, 12, 5e-3, 0.9, 0.01, Sgd.Decay.DECOUPLED, "none");

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Progress progress =
      new PlainProgress(new PrintStream(PrintStream.nullOutputStream()));

  @TempDir Path temporary;

  @AfterEach
  void close() {
    context.close();
  }

  static Stream<LearningSystem<?>> ofOneClass() {
    return Systems.ALL.stream().filter(system -> !system.multiLabel());
  }

  private static boolean isOf(int sample, int c) {
    return ((sample >> c) & 1) == 1;
  }

  private static MultimodalData data(int classes) {
    int all = TRAIN + 2 * TEST;
    return new MultimodalData(
        "toy",
        List.of(modality("image", 4, 4, all, 0), modality("audio", 4, 5, all, 1)),
        classes,
        split("train", 0, TRAIN, classes),
        split("validation", TRAIN, TRAIN + TEST, classes),
        split("test", TRAIN + TEST, all, classes),
        null);
  }

  private static Modality modality(String name, int height, int width, int rows, int stream) {
    CounterRandom random = new CounterRandom(11, stream, 0);
    int size = height * width;
    float[][] features = new float[rows][size];
    for (int i = 0; i < rows * size; i++) {
      double signal = isOf(i / size, i % size % CLASSES) ? 1.5 : 0;
      features[i / size][i % size] = (float) (signal + 0.3 * random.normal(i));
    }
    return new Modality(name, 1, height, width, features);
  }

  private static Split split(String name, int from, int to, int classes) {
    boolean[][] targets = new boolean[to - from][classes];
    for (int i = 0; i < targets.length; i++) {
      for (int c = 0; c < CLASSES; c++) {
        targets[i][c] = isOf(from + i, c);
      }
    }
    int[] rows = IntStream.range(from, to).toArray();
    List<String> ids = Arrays.stream(rows).mapToObj(Integer::toString).toList();
    return Split.multiLabel(name, targets, new int[][] {rows, rows}, ids);
  }

  private static MmpOptions options(LateFusion fusion) {
    return new MmpOptions(
        MissingFeature.PREDICT,
        LearnedFrom.ALL,
        fusion,
        2,
        Prompts.NONE,
        Mask.READ_ONLY,
        Pooling.MEAN,
        25,
        25,
        1,
        EncoderGrad.STOP,
        EncoderGrad.STOP,
        3,
        0.7,
        ImageEncoder.SELF,
        64,
        false);
  }

  private static RunConfig<MmpOptions> config(TrainingOptions training) {
    AvMnistSource source = new AvMnistSource(12, 9, 9, 5, AvMnist.MODALITIES);
    return new RunConfig<>(source, "0.3", 7, 1, training, options(LateFusion.MEAN_PROB));
  }

  @Test
  void everyClassOfASampleIsLearned() throws IOException {
    Mmp system = new Mmp();
    MultimodalData data = data(CLASSES);
    Path run = temporary.resolve("run");
    RunConfig<MmpOptions> config = config(TRAINING);
    Map<String, Map<String, Metric>> trained;
    try (RunFolder folder = RunFolder.create(run)) {
      Experiment<MmpOptions> experiment = new Experiment<>(context, data, system, config);
      Results results = experiment.train(folder, progress);
      experiment.report(folder, results, Map.of());
      folder.writeMetrics(system.name(), config, results, Map.of());
      trained = Objects.requireNonNull(results.bySplit().get("test"));
    }
    trained.forEach((pattern, metrics) ->
        assertEquals(Set.of("macro_f1", "micro_f1", "map"), metrics.keySet(), pattern));
    for (String measure : List.of("macro_f1", "micro_f1", "map")) {
      assertTrue(mean(trained, "complete", measure) > 0.9, trained.toString());
      assertTrue(mean(trained, "missing_image", measure) > 0.75, trained.toString());
    }
    assertTrue(
        Files.readString(run.resolve("log.csv"))
            .startsWith("seed,epoch,loss,validation_macro_f1,seconds\n"));
    String page = Files.readString(run.resolve("report.html"));
    assertTrue(page.contains("Validation macro F1"), page);
    assertFalse(page.contains("Confusion"), page);
    assertFalse(page.contains("ccuracy by missing pattern"), page);
    RunFolder finished = RunFolder.open(run);
    assertEquals(
        trained,
        new Experiment<>(context, data, system, config).evaluate(finished).bySplit().get("test"));
    assertPredicted(system, finished, data);
  }

  private static double mean(
      Map<String, Map<String, Metric>> results, String pattern, String measure) {
    return Objects.requireNonNull(Objects.requireNonNull(results.get(pattern)).get(measure)).mean();
  }

  /** What the model says of the test samples by itself. */
  private void assertPredicted(Mmp system, RunFolder run, MultimodalData data) {
    Split test = data.test();
    Samples samples = new Samples(test.ids(), data.modalities(), test.rowOf());
    try (Predictor predictor = Predictor.open(context, system, run, 0, temporary, progress)) {
      assertTrue(predictor.signature().multiLabel());
      int right = 0;
      int none = 0;
      for (Prediction said : predictor.predict(samples, progress)) {
        int sample = Integer.parseInt(said.id()) - TRAIN - TEST;
        List<Integer> wanted =
            IntStream.range(0, CLASSES).filter(c -> test.isOf(sample, c)).boxed().toList();
        right += said.predictedAll().equals(wanted) ? 1 : 0;
        none += said.predictedAll().isEmpty() ? 1 : 0;
      }
      assertTrue(right > 0.9 * TEST, right + " of " + TEST);
      assertTrue(none > 0, "one in eight has no class");
    }
  }

  @Test
  void aMeasureThatAsksForEveryClassIsLeftOutWhereTheTestLacksOne() {
    TrainingOptions short1 =
        new TrainingOptions(1, 48, 3e-3, 0.9, 0.01, Sgd.Decay.DECOUPLED, "none");
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      Results results =
          new Experiment<>(context, data(CLASSES + 1), new Mmp(), config(short1))
              .train(folder, progress);
      assertEquals(
          Set.of("macro_f1", "micro_f1"),
          Objects.requireNonNull(results.bySplit().get("test")).get("complete").keySet());
    }
  }

  @ParameterizedTest
  @EnumSource
  void probabilitiesAreSigmoidsOfTheScores(LateFusion fusion) {
    MultimodalData data = data(CLASSES);
    try (Tape tape = new Tape(context);
        Learner learner = new Mmp().learner(context, data, TRAINING, options(fusion), 3)) {
      Outputs outputs = learner.outputs(tape, data, data.test());
      double[][] logits = outputs.logits(data.test().presence());
      double[][] probabilities = outputs.probabilities(data.test().presence());
      for (int i = 0; i < TEST; i++) {
        double[] wanted =
            Arrays.stream(logits[i]).map(logit -> 1 / (1 + Math.exp(-logit))).toArray();
        assertArrayEquals(wanted, probabilities[i], 1e-12);
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> outputs.measure(Measure.ACCURACY, data.test().presence()));
    }
  }

  @ParameterizedTest
  @MethodSource("ofOneClass")
  void systemsOfOneClassASampleRefuseBeforeAnythingIsWritten(LearningSystem<?> system) {
    assertRefused(system);
  }

  private <O extends Record> void assertRefused(LearningSystem<O> system) {
    RunConfig<O> config =
        new RunConfig<>(config(TRAINING).data(), "none", 7, 1, TRAINING, Small.options(system));
    LacunaException e =
        assertThrows(
            LacunaException.class, () -> new Experiment<>(context, data(CLASSES), system, config));
    assertEquals(
        system.name()
            + " learns from samples of one class each, those of toy are multi-label; want mmp",
        e.getMessage());
  }
}
