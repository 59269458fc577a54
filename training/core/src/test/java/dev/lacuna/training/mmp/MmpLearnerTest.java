package dev.lacuna.training.mmp;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mmp.LateFusion;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mmp.MmpOptions.LearnedFrom;
import dev.lacuna.training.mmp.MmpOptions.Mask;
import dev.lacuna.training.mmp.MmpOptions.MissingFeature;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** MMP on a toy of two modalities whose transformers nobody has pretrained. */
final class MmpLearnerTest {
  private static final int SAMPLES = 12;
  private static final TrainingOptions TRAINING =
      new TrainingOptions(4, 6, 1e-2, 0.9, 0.01, Sgd.Decay.DECOUPLED, "none");

  /** Every third sample lacks the first modality, every third the second. */
  private static final Presence PRESENCE = presence();

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);
  private final MultimodalData data = Toy.data(SAMPLES, 3, 6);

  private static Presence presence() {
    byte[] table = new byte[2 * SAMPLES];
    Arrays.fill(table, (byte) 1);
    for (int i = 0; i < SAMPLES; i++) {
      if (i % 3 < 2) {
        table[2 * i + i % 3] = 0;
      }
    }
    return new Presence(SAMPLES, 2, table);
  }

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  private static MmpOptions options(
      MissingFeature missing, LearnedFrom samples, Mask mask, double pretraining) {
    return options(missing, samples, mask, pretraining, EncoderGrad.STOP);
  }

  private static MmpOptions options(
      MissingFeature missing,
      LearnedFrom samples,
      Mask mask,
      double pretraining,
      EncoderGrad encoderGrad) {
    MmpOptions standard = MmpOptions.DEFAULT;
    return new MmpOptions(
        missing,
        samples,
        standard.fusion(),
        4,
        standard.reading(),
        mask,
        standard.pooling(),
        standard.lambda(),
        standard.mu(),
        standard.nu(),
        encoderGrad,
        standard.targetGrad(),
        standard.headRate(),
        pretraining,
        standard.imageEncoder(),
        standard.width(),
        false);
  }

  private MmpLearner learner(MmpOptions options) {
    return new MmpLearner(context, data, TRAINING, options, Pretrained.NONE, 3);
  }

  /** Learns for some epochs of two batches. */
  private void learn(MmpLearner learner, int epochs) {
    try (Losses losses = new Losses(context, 2 * epochs, 2)) {
      for (int step = 0; step < 2 * epochs; step++) {
        int from = step % 2 * 6;
        int[] samples = {from, from + 1, from + 2, from + 3, from + 4, from + 5};
        Batch batch = new Batch(data, data.train(), PRESENCE, samples, RandomShift.none(2));
        learner.learn(tape, batch, 1e-2, step % 2, 2, losses);
        losses.endStep();
      }
      for (double loss : losses.read()) {
        assertTrue(Double.isFinite(loss), "loss " + loss);
      }
    }
  }

  private static ParameterGroup group(MmpLearner learner, String name) {
    return learner.store().groups().stream()
        .filter(of -> of.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void predictionLeavesEncodersAndHeadsToTheBitAsLateFusionLearnsThem() {
    try (MmpLearner mmp =
            learner(options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, 0.5));
        MmpLearner skip =
            learner(options(MissingFeature.SKIP, LearnedFrom.ALL, Mask.READ_ONLY, 0.5))) {
      String prompts = group(mmp, "image.prediction").sha256();
      learn(mmp, 4);
      learn(skip, 4);
      for (String name : List.of("image", "audio", "image.weights", "audio.weights", "heads")) {
        assertEquals(group(skip, name).sha256(), group(mmp, name).sha256(), name);
      }
      assertFalse(prompts.equals(group(mmp, "image.prediction").sha256()));
      assertEquals(prompts, group(skip, "image.prediction").sha256());
    }
  }

  @Test
  void weightsLearnWhilePretrainingAndRestAfterwards() {
    try (MmpLearner learner =
        learner(options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, 0.5))) {
      String fresh = group(learner, "image.weights").sha256();
      String prompts = group(learner, "image.prediction").sha256();
      learn(learner, 2);
      String pretrained = group(learner, "image.weights").sha256();
      assertFalse(fresh.equals(pretrained));
      assertEquals(prompts, group(learner, "image.prediction").sha256());
      String biases = group(learner, "image").sha256();
      learn(learner, 2);
      assertEquals(pretrained, group(learner, "image.weights").sha256());
      assertFalse(biases.equals(group(learner, "image").sha256()));
      assertFalse(prompts.equals(group(learner, "image.prediction").sha256()));
    }
  }

  @Test
  void noEpochIsChosenInWhichPromptsHaveNotLearned() {
    MmpOptions predicts = options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, 0.5);
    MmpOptions skips = options(MissingFeature.SKIP, LearnedFrom.ALL, Mask.READ_ONLY, 0.5);
    try (MmpLearner mmp = learner(predicts);
        MmpLearner skip = learner(skips)) {
      assertEquals(3, mmp.firstChoice());
      assertEquals(1, skip.firstChoice());
    }
  }

  @ParameterizedTest
  @CsvSource({"0.5, 10, 5", "0.96, 10, 9", "0.01, 10, 1", "0, 1, 0", "0.4, 0, 0", "0.4, 2, 1"})
  void transformersAndPromptsBothGetAStep(double share, int steps, int wanted) {
    MmpOptions options = options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, share);
    assertEquals(wanted, options.pretrainingSteps(steps));
  }

  @Test
  void oneStepIsTooFewForTransformersAndPrompts() {
    assertMessage(
        () ->
            options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, 0.4)
                .pretrainingSteps(1),
        "the run has 1 step, want at least 2");
    assertEquals(
        1, options(MissingFeature.SKIP, LearnedFrom.ALL, Mask.READ_ONLY, 0.4).pretrainingSteps(1));
  }

  @Test
  void aDenseMaskCannotLetPromptsReadEachOther() {
    MmpOptions of = MmpOptions.DEFAULT;
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new MmpOptions(
                        of.missing(),
                        of.samples(),
                        of.fusion(),
                        of.prompts(),
                        Prompts.SELF,
                        Mask.DENSE,
                        of.pooling(),
                        of.lambda(),
                        of.mu(),
                        of.nu(),
                        of.encoderGrad(),
                        of.targetGrad(),
                        of.headRate(),
                        of.pretraining(),
                        of.imageEncoder(),
                        of.width(),
                        of.baselines()))
            .getMessage();
    assertTrue(message.contains("reading") && message.contains("self"), message);
  }

  @Test
  void aPairOfOneSampleIsCounted() {
    try (MmpLearner learner =
            learner(options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, 0));
        Losses losses = new Losses(context, 2, 2)) {
      String what = "predictions learned from one sample, by distance alone";
      Batch one = new Batch(data, data.train(), PRESENCE, new int[] {0, 2}, RandomShift.none(2));
      assertFalse(learner.facts().containsKey(what));
      learner.learn(tape, one, 1e-2, 0, 2, losses);
      assertEquals("2", learner.facts().get(what));
      SafeTensors file = new SafeTensors();
      learner.save("", file);
      learner.learn(tape, one, 1e-2, 1, 2, losses);
      learner.load("", file);
      assertEquals("2", learner.facts().get(what));
    }
  }

  @Test
  void textsThatDoNotFitAPretrainedTransformerAreRefused() {
    SafeTensors weights = new SafeTensors();
    weights
        .tensors()
        .put(
            "embeddings.word_embeddings.weight",
            new SafeTensors.Entry(new long[] {7, 2}, new double[14]));
    weights
        .tensors()
        .put(
            "embeddings.position_embeddings.weight",
            new SafeTensors.Entry(new long[] {5, 2}, new double[10]));
    TextEncoder.requireFit(
        weights, Modality.ofTokens("text", 5, 7, new float[][] {{1, 2, 3, 4, 5}}));
    assertMessage(
        () ->
            TextEncoder.requireFit(
                weights, Modality.ofTokens("text", 6, 8, new float[][] {{1, 2, 3, 4, 5, 6}})),
        "text has texts of up to 6 tokens out of 8",
        "takes up to 5 out of 7");
  }

  @Test
  void completeSamplesMustBeThereToLearnFromThem() {
    Presence none = new Presence(3, 2, new byte[] {1, 0, 0, 1, 1, 1});
    MmpOptions alone = options(MissingFeature.SKIP, LearnedFrom.COMPLETE, Mask.READ_ONLY, 0);
    assertMessage(
        () -> new Mmp().check(none, List.of("image", "audio"), alone),
        "1 training samples have all of image, audio, want at least 2");
    assertMessage(
        () -> new Mmp().check(none, List.of("image", "audio"), MmpOptions.DEFAULT),
        "the baseline \"complete\"",
        "--no-baselines");
    new Mmp().check(none, List.of("image", "audio"), MmpOptions.DEFAULT.withoutBaselines());
  }

  @ParameterizedTest
  @EnumSource(EncoderGrad.class)
  void aDenseMaskLearnsTheSameToRounding(EncoderGrad grad) {
    try (MmpLearner ours =
            learner(options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.READ_ONLY, 0, grad));
        MmpLearner dense =
            learner(options(MissingFeature.PREDICT, LearnedFrom.ALL, Mask.DENSE, 0, grad))) {
      learn(ours, 1);
      learn(dense, 1);
      Presence without = new Presence(6, 2, new byte[] {1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1});
      double[][] expected = dense.outputs(tape, data, data.test()).logits(without);
      double[][] got = ours.outputs(tape, data, data.test()).logits(without);
      for (int i = 0; i < expected.length; i++) {
        assertArrayEquals(expected[i], got[i], 1e-5, "sample " + i);
      }
    }
  }

  @Test
  void completeSamplesAloneMoveNothingWhereThereAreNone() {
    try (MmpLearner learner =
            learner(options(MissingFeature.PREDICT, LearnedFrom.COMPLETE, Mask.READ_ONLY, 0));
        Losses losses = new Losses(context, 1, 2)) {
      String heads = group(learner, "heads").sha256();
      Batch incomplete =
          new Batch(data, data.train(), PRESENCE, new int[] {0, 1, 3, 4}, RandomShift.none(2));
      learner.learn(tape, incomplete, 1e-2, 0, 2, losses);
      losses.endStep();
      assertEquals(0, losses.read()[0]);
      assertEquals(heads, group(learner, "heads").sha256());
      Batch one = new Batch(data, data.train(), PRESENCE, new int[] {0, 2}, RandomShift.none(2));
      learner.learn(tape, one, 1e-2, 0, 2, losses);
      assertFalse(heads.equals(group(learner, "heads").sha256()));
    }
  }

  @Test
  void theMeanFeatureIsKeptWithTheModel() {
    MmpOptions mean = options(MissingFeature.MEAN, LearnedFrom.ALL, Mask.READ_ONLY, 0);
    try (MmpLearner learner = learner(mean);
        MmpLearner loaded = learner(mean)) {
      learn(learner, 1);
      double[] values = group(learner, "image.mean").parameters().getFirst().get();
      assertTrue(Arrays.stream(values).anyMatch(value -> value != 0));
      SafeTensors file = new SafeTensors();
      learner.save("", file);
      loaded.load("", file);
      assertArrayEquals(values, group(loaded, "image.mean").parameters().getFirst().get());
      Presence audioAlone = new Presence(6, 2, new byte[] {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
      assertArrayEquals(
          learner.outputs(tape, data, data.test()).logits(audioAlone),
          loaded.outputs(tape, data, data.test()).logits(audioAlone));
    }
  }

  @Test
  void whatIsMissingVotesAsItsStandInSays() {
    double[][][] own = {{{1, 0}, {2, 0}}, {{0, 4}, {0, 6}}};
    double[][][][] predicted = new double[2][2][][];
    predicted[0][1] = new double[][] {{3, 1}, {5, 1}};
    predicted[1][0] = new double[][] {{7, 1}, {9, 1}};
    Presence presence = new Presence(2, 2, new byte[] {1, 0, 1, 1});
    MultimodalData two = Toy.data(1, 1, 2);
    MmpOutputs predict = new MmpOutputs(two.test(), own, predicted, null, LateFusion.MEAN_LOGITS);
    assertArrayEquals(new double[][] {{2, 0.5}, {1, 3}}, predict.logits(presence));
    MmpOutputs skip = new MmpOutputs(two.test(), own, null, null, LateFusion.MEAN_LOGITS);
    assertArrayEquals(new double[][] {{1, 0}, {1, 3}}, skip.logits(presence));
    double[][] bias = {{0, 0}, {0, 2}};
    MmpOutputs zero = new MmpOutputs(two.test(), own, null, bias, LateFusion.MAX_LOGITS);
    assertArrayEquals(new double[][] {{1, 2}, {2, 6}}, zero.logits(presence));
    assertNull(zero.contributions(presence));
  }

  @Test
  void modalitiesThatNeverMeetAreNamed() {
    Presence apart = new Presence(2, 2, new byte[] {1, 0, 0, 1});
    String message =
        assertThrows(
                LacunaException.class,
                () -> new Mmp().check(apart, List.of("image", "text"), MmpOptions.DEFAULT))
            .getMessage();
    assertTrue(message.contains("none of 2 training samples has both image and text"), message);
    new Mmp()
        .check(
            apart,
            List.of("image", "text"),
            options(MissingFeature.SKIP, LearnedFrom.ALL, Mask.READ_ONLY, 0));
  }
}
