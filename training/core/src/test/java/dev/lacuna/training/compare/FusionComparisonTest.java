package dev.lacuna.training.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.compare.FusionComparison.Difference;
import dev.lacuna.training.compare.FusionComparison.Rule;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.Corrupted;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Metric;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.Experiment;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import dev.lacuna.training.system.Systems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FusionComparisonTest {
  private static final int TEST = 90;
  private static final double NONE = Double.NaN;
  private static final TrainingOptions TRAINING =
      new TrainingOptions(2, 6, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Progress quiet = new Silent();

  @TempDir Path temporary;

  private static final class Silent implements Progress {
    @Override
    public Task start(String name, long total) {
      return new Task() {
        @Override
        public void step(long n) {}

        @Override
        public void message(String text) {}

        @Override
        public void close() {}
      };
    }

    @Override
    public void note(String line) {}
  }

  @AfterEach
  void close() {
    context.close();
  }

  /** What a run measured when it was trained, and what the comparison says of it later. */
  private record Both(Results results, FusionComparison comparison) {
    Metric corrupted() {
      return Objects.requireNonNull(results.bySplit().get("test")).get("corrupted").get("accuracy");
    }

    Rule rule(String name) {
      return comparison.rules().stream()
          .filter(rule -> rule.name().equals(name))
          .findFirst()
          .orElseThrow();
    }
  }

  private <O extends Record> RunConfig<O> config(LearningSystem<O> system) {
    AvMnistSource source = new AvMnistSource(30, 30, TEST, 5, AvMnist.MODALITIES);
    return new RunConfig<>(source, "none", 7, 2, TRAINING, system.defaults());
  }

  private <O extends Record> Both run(LearningSystem<O> system, MultimodalData data) {
    RunConfig<O> config = config(system);
    try (RunFolder run = RunFolder.create(temporary.resolve("run"))) {
      Results results = new Experiment<>(context, data, system, config).train(run, quiet);
      run.writeMetrics(system.name(), config, results, Map.of());
    }
    RunFolder folder = RunFolder.open(temporary.resolve("run"));
    return new Both(
        new Experiment<>(context, data, system, config).evaluate(folder),
        FusionComparison.of(context, data, system, config, folder, quiet));
  }

  @ParameterizedTest
  @CsvSource({
    "mla, dynamic fusion",
    "late_fusion, fixed fusion",
    "unimodal_ensemble, dynamic fusion",
  })
  void theRuleOfTheSystemHasTheAccuracyOfItsResults(String name, String rule) {
    MultimodalData data = Toy.data(30, 30, TEST);
    Both both = run(Systems.named(name), data);
    assertEquals(both.corrupted(), both.rule(rule).accuracy());
    assertEquals(TEST, both.comparison.samples());
    assertEquals(
        List.of("dynamic fusion", "fixed fusion", "image alone", "audio alone"),
        both.comparison.rules().stream().map(Rule::name).toList());
  }

  @Test
  void partsMakeUpTheWhole() {
    MultimodalData data = Toy.data(30, 30, TEST);
    Both both = run(Systems.named("mla"), data);
    Corrupted corrupted = Corrupted.of(data, Part.TEST, 7);
    for (Rule rule : both.comparison.rules()) {
      double right = 0;
      int samples = 0;
      for (Metric part : rule.accuracyByNoise().values()) {
        right += part.mean() * part.n();
        samples += part.n();
      }
      assertEquals(TEST, samples);
      assertEquals(rule.accuracy().mean(), right / TEST, 1e-12);
    }
    // noise says nothing of the class: right by chance in a third; what is intact was learned
    Map<String, Metric> image = both.rule("image alone").accuracyByNoise();
    assertTrue(metric(image, "audio").mean() > 0.9, image.toString());
    assertTrue(metric(image, "image").mean() < 0.6, image.toString());

    for (int m = 0; m < 2; m++) {
      NoiseEffect noise = both.comparison.noise().get(m);
      assertEquals(data.modalityNames().get(m), noise.modality());
      assertEquals(corrupted.replaced(m).length, noise.samples());
      assertTrue(noise.weight() > 0 && noise.weight() < 1, noise.toString());
      assertTrue(noise.entropy() > noise.entropyIntact(), noise.toString());
      assertTrue(noise.weight() < 0.5, "less than an equal share: " + noise);
      assertTrue(noise.logitDeviation() < noise.logitDeviationOfOthers(), noise.toString());
      assertTrue(noise.outweighs() >= 0 && noise.outweighs() < 0.5, noise.toString());
    }
  }

  private static Metric metric(Map<String, Metric> byName, String name) {
    return Objects.requireNonNull(byName.get(name));
  }

  @Test
  void differencesAreToFixedFusionAndToTheBestAloneOnValidationSamples() {
    Both both = run(Systems.named("mla"), Toy.data(30, 30, TEST));
    Rule image = both.rule("image alone");
    Rule audio = both.rule("audio alone");
    String best =
        audio.validationAccuracy() > image.validationAccuracy() ? audio.name() : image.name();
    assertEquals(
        List.of("fixed fusion", best),
        both.comparison.differences().stream().map(Difference::reference).toList());
    double dynamic = both.rule("dynamic fusion").accuracy().mean();
    for (Difference d : both.comparison.differences()) {
      assertEquals(dynamic - both.rule(d.reference()).accuracy().mean(), d.difference(), 1e-12);
      assertTrue(d.ci95().get(0) <= d.difference(), d.toString());
      assertTrue(d.ci95().get(1) >= d.difference(), d.toString());
      assertTrue(d.p() > 0 && d.p() <= 1, d.toString());
    }
    assertEquals(PairedBootstrap.REPLICATES, both.comparison.replicates());
  }

  @Test
  void samplesThatLackAModalityAreLeftOut() {
    MultimodalData data = Toy.data(30, 30, TEST);
    for (int sample : new int[] {0, 5, 89}) {
      data.test().rowOf()[sample % 2][sample] = Split.ABSENT;
    }
    Both both = run(Systems.named("mla"), data);
    assertEquals(TEST - 3, both.comparison.samples());
    assertEquals(TEST, both.corrupted().n());
    assertEquals(TEST - 3, both.comparison.noise().stream().mapToInt(NoiseEffect::samples).sum());
  }

  @Test
  void whereNothingCanBeComparedTheReasonIsSaid() {
    String message =
        assertThrows(
                LacunaException.class,
                () -> run(Systems.named("concatenation"), Toy.data(30, 30, TEST)))
            .getMessage();
    assertTrue(
        message.startsWith("concatenation does not weigh what single modalities say"), message);

    MultimodalData halves = Toy.data(30, 30, TEST);
    for (int sample = 0; sample < TEST; sample++) {
      halves.test().rowOf()[sample % 2][sample] = Split.ABSENT;
    }
    LearningSystem<?> mla = Systems.named("mla");
    Path finished = temporary.resolve("run");
    assertRefused(mla, halves, finished, "no test sample has several modalities and all of them");
    MultimodalData image = imageAlone();
    assertRefused(mla, image, finished, "no validation sample has several modalities");
  }

  private <O extends Record> void assertRefused(
      LearningSystem<O> system, MultimodalData data, Path run, String text) {
    RunFolder folder = RunFolder.open(run);
    String message =
        assertThrows(
                LacunaException.class,
                () -> FusionComparison.of(context, data, system, config(system), folder, quiet))
            .getMessage();
    assertTrue(message.contains(text), message);
  }

  private static MultimodalData imageAlone() {
    MultimodalData toy = Toy.data(30, 30, TEST);
    List<Split> splits =
        List.of(toy.train(), toy.validation(), toy.test()).stream()
            .map(s -> new Split(s.name(), s.labels(), new int[][] {s.rowOf()[0]}))
            .toList();
    return new MultimodalData(
        "image",
        toy.modalities().subList(0, 1),
        3,
        splits.get(0),
        splits.get(1),
        splits.get(2),
        null);
  }

  private static FusionComparison example() {
    Metric two = Metric.of(new double[] {0.8, 0.9}, 100);
    Metric one = Metric.of(new double[] {0.5, 0.25}, 40);
    return new FusionComparison(
        1_000,
        List.of("image", "voice"),
        2_000,
        List.of(
            new Rule("dynamic fusion", two, Map.of("image", one, "audio", two), 0.85),
            new Rule("audio alone", one, Map.of("audio", two), 0.5)),
        List.of(new Difference("audio alone", 0.475, List.of(-0.1, 0.6), 0.00001)),
        List.of(
            new NoiseEffect("image", 40, 0.25, 0.0625, 1.5, 0.125, 3, 10.5),
            new NoiseEffect("audio", 0, NONE, NONE, NONE, 0.5, NONE, NONE)));
  }

  @Test
  void theTextIsAlignedAndExplainsItself() {
    assertEquals(
        """
                        accuracy      sd  image is noise  audio is noise
        dynamic fusion    0.8500  0.0707          0.3750          0.8500
        audio alone       0.3750  0.1768               -          0.8500

        dynamic fusion less     diff       95 % interval        p
        audio alone          +0.4750  -0.1000 to +0.6000  <0.0001

        noise for  samples  weight  outweighs  entropy  if intact  logit sd  of others
        image           40  0.2500     0.0625   1.5000     0.1250    3.0000    10.5000
        audio            0       -          -        -     0.5000         -          -

        accuracy: mean over seeds on 1,000 test samples, one modality of each noise.
        The modality alone that dynamic fusion is compared with is chosen on validation data.
        interval, p: paired bootstrap over test samples, 2,000 replicates.
        In it samples are clustered by image and voice.
        weight: what dynamic fusion gives the noise; outweighs: share of samples where it is over half.
        entropy: of what the modality says of noise and, if intact, of the input, in nats.
        logit sd: over classes, of noise and of the other modalities in the same samples.
        """,
        FusionComparisonFormat.text(example()));
    FusionComparisonFormat.text(example())
        .lines()
        .forEach(line -> assertTrue(line.length() <= 100, line));
  }

  @Test
  void theDocumentIsLikeThatOfARun() throws IOException {
    JsonNode root =
        Json.MAPPER.readTree(
            FusionComparisonFormat.json(
                example(), "mla", Map.of("seeds", 2), Map.of("seconds", 1)));
    assertEquals(
        List.of("schema", "system", "config", "results", "run"),
        root.properties().stream().map(Map.Entry::getKey).toList());
    assertEquals(0.8, root.at("/results/rules/0/accuracy/values/0").asDouble());
    assertEquals(0.375, root.at("/results/rules/1/accuracy/mean").asDouble());
    assertEquals(100, root.at("/results/rules/1/accuracy_by_noise/audio/n").asInt());
    assertEquals(0.6, root.at("/results/differences/0/ci95/1").asDouble());
    assertEquals(0.125, root.at("/results/noise/0/entropy_intact").asDouble());
  }
}
