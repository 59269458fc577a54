package dev.lacuna.training.mmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mmp.MmpOptions.Mask;
import dev.lacuna.training.mmp.MmpOptions.MissingFeature;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import dev.lacuna.training.report.Diagnostic.Matrix;
import dev.lacuna.training.report.Diagnostic.Series;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is shown of a small learner, as it begins and after it has collapsed. */
class MmpDiagnosticsTest {
  private static final int SAMPLES = 12;

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);
  private final MultimodalData data = Toy.data(9, 3, SAMPLES);

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  private MmpLearner learner(MmpOptions options) {
    TrainingOptions training =
        new TrainingOptions(1, 4, 0.01, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");
    return new MmpLearner(context, data, training, options, Pretrained.NONE, 1);
  }

  private static MmpOptions options(MissingFeature missing, Mask mask, Prompts reading) {
    MmpOptions of = MmpOptions.DEFAULT;
    return new MmpOptions(
        missing,
        of.samples(),
        of.fusion(),
        3,
        reading,
        mask,
        of.pooling(),
        of.lambda(),
        of.mu(),
        of.nu(),
        of.encoderGrad(),
        of.targetGrad(),
        of.headRate(),
        0,
        of.imageEncoder(),
        of.width(),
        false);
  }

  private Map<String, Diagnostic> shown(MmpLearner learner) {
    return learner.diagnostics(tape, data).stream()
        .collect(Collectors.toMap(Diagnostic::title, one -> one));
  }

  private static Series dots(Map<String, Diagnostic> shown, String title, int series) {
    Dots dots = (Dots) shown.get(title);
    assertEquals(List.of("image → audio", "audio → image"), dots.rows());
    return dots.series().get(series);
  }

  /** Every prediction is the last layer's bias. */
  private static void collapse(MmpLearner learner) {
    for (Parameter parameter : learner.store().parameters()) {
      boolean predicts = parameter.group().name().endsWith(".prediction");
      if (predicts && parameter.name().endsWith("fc2.weight")) {
        parameter.set(new double[parameter.count()]);
      } else if (predicts && parameter.name().endsWith("fc2.bias")) {
        double[] ones = new double[parameter.count()];
        Arrays.fill(ones, 1);
        parameter.set(ones);
      }
    }
  }

  @Test
  void aCollapsedPredictorIsSeenToBeOne() {
    try (MmpLearner learner =
        learner(options(MissingFeature.PREDICT, Mask.READ_ONLY, Prompts.NONE))) {
      Map<String, Diagnostic> before = shown(learner);
      collapse(learner);
      Map<String, Diagnostic> after = shown(learner);
      for (int row = 0; row < 2; row++) {
        String deviation = "Mean standard deviation of features";
        assertTrue(dots(before, deviation, 0).values().get(row) > 0);
        assertEquals(0, dots(after, deviation, 0).values().get(row), 1e-6);
        // the true features are what they were
        assertTrue(dots(before, deviation, 1).values().get(row) > 0.01);
        assertEquals(dots(before, deviation, 1), dots(after, deviation, 1));
        String rank = "Effective rank of features";
        assertTrue(dots(before, rank, 0).values().get(row) > 1);
        assertTrue(dots(after, rank, 1).values().get(row) > 1);
        assertTrue(dots(after, rank, 1).values().get(row) < SAMPLES);
        String cosine = "Cosine of predicted and true features";
        assertEquals(
            dots(after, cosine, 1).values().get(row),
            dots(after, cosine, 0).values().get(row),
            1e-6);
      }
      for (String modality : List.of("image", "audio")) {
        Curves deviations = (Curves) after.get("Standard deviation, " + modality);
        assertEquals("predicted", deviations.lines().get(0).name());
        assertTrue(deviations.lines().get(0).values().stream().allMatch(v -> v < 1e-6));
        assertTrue(deviations.lines().get(1).values().getFirst() > 0.01);
        Curves spectrum = (Curves) after.get("Covariance spectrum, " + modality);
        // 12 samples vary in 11 directions
        assertEquals(SAMPLES - 1, spectrum.at().size());
        assertTrue(spectrum.lines().get(0).values().stream().allMatch(v -> v < 1e-12));
        assertTrue(spectrum.lines().get(1).values().getFirst() > 1e-4);
        Curves cosines = (Curves) after.get("Cosines, " + modality);
        for (Series line : cosines.lines()) {
          double sum = line.values().stream().mapToDouble(v -> v).sum();
          assertEquals(1, sum, 0.01, line.name());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Prompts.class)
  void thePictureOfAttentionHasNoInputThatReadsAPrompt(Prompts reading) {
    try (MmpLearner learner = learner(options(MissingFeature.PREDICT, Mask.READ_ONLY, reading))) {
      Map<String, Diagnostic> shown = shown(learner);
      for (Modality modality : data.modalities()) {
        Matrix matrix = (Matrix) shown.get("Attention, " + modality.name());
        int all = matrix.values().size();
        int inputs = matrix.rows().spans().getFirst().size();
        assertEquals(1 + GridEncoder.input(modality).patches(), inputs);
        assertEquals(inputs + 3, all);
        assertEquals(matrix.rows().spans(), matrix.columns().spans());
        for (int i = 0; i < all; i++) {
          List<Double> row = matrix.values().get(i);
          assertEquals(1, row.stream().mapToDouble(v -> v).sum(), 0.01);
          for (int j = inputs; j < all; j++) {
            boolean reads =
                i >= inputs && (reading == Prompts.FULL || (reading == Prompts.SELF && i == j));
            assertEquals(reads, row.get(j) > 0, i + " reads " + j);
          }
        }
      }
    }
  }

  @Test
  void whereNothingIsPredictedOrReadBehindAMaskNothingIsShown() {
    for (MmpOptions options :
        List.of(
            options(MissingFeature.SKIP, Mask.READ_ONLY, Prompts.NONE),
            options(MissingFeature.PREDICT, Mask.DENSE, Prompts.NONE))) {
      try (MmpLearner learner = learner(options)) {
        assertEquals(List.of(), learner.diagnostics(tape, data));
      }
    }
  }

  /** No two modalities of a sample, no pair to compare; the transformers can still be shown. */
  @Test
  void samplesWithoutPairsLeaveTheAttention() {
    int[][] rows = data.test().rowOf();
    for (int i = 0; i < SAMPLES; i++) {
      rows[i % 2][i] = Split.ABSENT;
    }
    Split test = new Split("test", data.test().labels(), rows);
    MultimodalData apart =
        new MultimodalData(
            "toy", data.modalities(), data.classes(), data.train(), data.validation(), test, null);
    try (MmpLearner learner =
        learner(options(MissingFeature.PREDICT, Mask.READ_ONLY, Prompts.NONE))) {
      assertEquals(
          List.of("Attention, image", "Attention, audio"),
          learner.diagnostics(tape, apart).stream().map(Diagnostic::title).toList());
    }
  }

  @Test
  void theTrainableShareCountsWhatLearns() {
    MmpOptions predict = options(MissingFeature.PREDICT, Mask.READ_ONLY, Prompts.NONE);
    try (MmpLearner learner = learner(predict)) {
      Map<String, String> facts = learner.facts();
      assertEquals(
          String.format(
              Locale.ROOT,
              "%,d of %,d (%.2f %%)",
              learner.store().trainable(),
              learner.store().count(),
              100.0 * learner.store().trainable() / learner.store().count()),
          facts.get("trainable parameters"));
      // 3 classes from 64 numbers, of two modalities
      assertEquals("390", facts.get("trainable in heads"));
      assertTrue(facts.containsKey("trainable in image.prediction"), facts.toString());
    }
    MmpOptions skip = options(MissingFeature.SKIP, Mask.READ_ONLY, Prompts.NONE);
    try (MmpLearner learner = learner(skip)) {
      Map<String, String> facts = learner.facts();
      assertEquals(
          List.of(
              "transformer of image",
              "transformer of audio",
              "trainable parameters",
              "trainable in image",
              "trainable in audio",
              "trainable in heads"),
          List.copyOf(facts.keySet()));
    }
  }
}
