package dev.lacuna.training.cmg;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.cmg.CmgOptions.FrontKind;
import dev.lacuna.training.cmg.CmgOptions.PathKind;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.NpyReader;
import dev.lacuna.training.loop.TrainingLoop;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Diagnostic;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CmgLearnerTest {
  private static final Progress SILENT =
      new PlainProgress(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8));

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);

  @TempDir Path temporary;

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  private static TrainingOptions training(int epochs) {
    return new TrainingOptions(epochs, 12, 0.01, 0.9, 0, Sgd.Decay.DECOUPLED, "none");
  }

  private CmgLearner learner(MultimodalData data, CmgOptions options) {
    return new CmgLearner(context, data, training(1), options, 3);
  }

  private TrainingLoop.Run train(
      CmgLearner learner, MultimodalData data, Presence presence, int epochs) {
    return TrainingLoop.run(learner, tape, data, presence, training(epochs), 3, "cmg", SILENT);
  }

  @Test
  void codesOfModalitiesComeToAgree() {
    MultimodalData data = Sequences.data(2, 72, 4);
    try (CmgLearner learner = learner(data, CmgOptionsTest.SMALL)) {
      TrainingLoop.Run run = train(learner, data, data.train().presence(), 8);
      double first = run.epochs().getFirst().loss();
      double last = run.epochs().getLast().loss();
      assertTrue(last < 0.9 * first, first + " became " + last);
      Map<String, Map<String, Double>> measured = learner.measured(tape, data);
      Map<String, Double> codes = measured.get("codes");
      assertTrue(codes.values().stream().allMatch(Double::isFinite), codes.toString());
      assertTrue(codes.get("agreement_over_chance_image_audio") > 1.5, codes.toString());
      for (String key :
          List.of(
              "codes_in_use",
              "perplexity_audio",
              "nmi_image_audio",
              "step_transfer_image_to_audio",
              "step_transfer_share_audio_to_image",
              "sequence_within_image",
              "recall_at_5_image_to_audio",
              "median_rank_audio_to_image")) {
        assertTrue(codes.containsKey(key), key + " is not among " + codes.keySet());
      }
      List<String> titles =
          learner.diagnostics(tape, data).stream().map(Diagnostic::title).toList();
      assertTrue(titles.contains("Use of the codebook"), titles.toString());
      assertTrue(learner.status().contains(" of 4 codes, perplexity "), learner.status());
    }
  }

  /** Every kind of part trains, on samples that lack modalities too. */
  @ParameterizedTest
  @CsvSource({
    "LINEAR, LINEAR, EMA_OWN, ROTATION, 2",
    "LINEAR, CONV, GRADIENT, STRAIGHT_THROUGH, 2",
    "CONV, LINEAR, EMA, STRAIGHT_THROUGH, 2",
    "BILSTM, LINEAR, EMA, ROTATION, 3",
    "MAPS, CONV, EMA, STRAIGHT_THROUGH, 3"
  })
  void everyPartTrains(
      FrontKind front, PathKind path, Update update, Estimator estimator, int modalities) {
    MultimodalData data = Sequences.data(modalities, 24, 4);
    byte[] table = new byte[24 * modalities];
    Arrays.fill(table, (byte) 1);
    for (int i = 0; i < 24; i += 3) {
      table[i * modalities + i % modalities] = 0;
    }
    Presence presence = new Presence(24, modalities, table);
    CmgOptions options = CmgOptionsTest.of(front, path, update, estimator, 1);
    try (CmgLearner learner = learner(data, options)) {
      double[] before = learner.model().codebook().parameter().get();
      double loss = train(learner, data, presence, 2).epochs().getLast().loss();
      assertTrue(Double.isFinite(loss), "loss " + loss);
      double[] after = learner.model().codebook().parameter().get();
      assertTrue(!Arrays.equals(before, after), "the codes stood still");
      double[] likely = learner.outputs(tape, data, data.test()).logits(presence)[0];
      assertEquals(Sequences.CLASSES, likely.length);
    }
  }

  @Test
  void resumedTrainingIsThatOfOneThatNeverStopped() {
    MultimodalData data = Sequences.data(2, 24, 4);
    Presence all = data.train().presence();
    try (CmgLearner whole = learner(data, CmgOptionsTest.SMALL);
        CmgLearner begun = learner(data, CmgOptionsTest.SMALL);
        CmgLearner resumed = learner(data, CmgOptionsTest.SMALL)) {
      train(whole, data, all, 2);
      SafeTensors[] state = new SafeTensors[1];
      TrainingLoop.run(
          begun,
          tape,
          data,
          all,
          training(2),
          3,
          "cmg",
          SILENT,
          null,
          saved -> {
            if (state[0] == null) {
              state[0] = saved;
            }
          });
      TrainingLoop.run(
          resumed, tape, data, all, training(2), 3, "cmg", SILENT, state[0], saved -> {});
      for (int i = 0; i < whole.store().parameters().size(); i++) {
        assertArrayEquals(
            whole.store().parameters().get(i).get(), resumed.store().parameters().get(i).get());
      }
      assertEquals(whole.measured(tape, data), resumed.measured(tape, data));
    }
  }

  @Test
  void theCodebookIsWrittenForOthers() {
    MultimodalData data = Sequences.data(2, 24, 4);
    try (CmgLearner learner = learner(data, CmgOptionsTest.SMALL)) {
      train(learner, data, data.train().presence(), 1);
      learner.exports(5).forEach((name, write) -> write.accept(temporary.resolve(name)));
      float[] numpy = NpyReader.read(temporary.resolve("codebook-5.npy")).values();
      SafeTensors file = SafeTensors.read(temporary.resolve("codebook-5.safetensors"));
      assertArrayEquals(numpy, file.entry("codes", 4, 8).data());
      double[] codes = learner.model().codebook().parameter().get();
      assertEquals(codes.length, numpy.length);
      assertEquals(codes[9], numpy[9]);
    }
  }

  @Test
  void samplesThatAreNoSequencesGoWithoutPrediction() {
    MultimodalData data = Sequences.data(2, 24, 1);
    try (CmgLearner learner = learner(data, CmgOptionsTest.SMALL)) {
      train(learner, data, data.train().presence(), 1);
      assertEquals("left out: samples are no sequences", learner.facts().get("cross-CPC"));
    }
  }

  @Test
  void whatCannotBeLearnedFromIsNamed() {
    MultimodalData two = Sequences.data(2, 24, 2);
    try (CmgLearner learner = learner(two, CmgOptionsTest.SMALL)) {
      String message =
          assertThrows(LacunaException.class, () -> train(learner, two, two.train().presence(), 1))
              .getMessage();
      assertEquals("Cross-CPC: sequences have 2 steps, want at least 3, or its weight 0", message);
    }
    MultimodalData few = Sequences.data(2, 24, 4);
    CmgOptions many = CmgOptionsTest.with(200);
    try (CmgLearner learner = learner(few, many)) {
      String message =
          assertThrows(LacunaException.class, () -> train(learner, few, few.train().presence(), 1))
              .getMessage();
      assertEquals(
          "the codebook has 200 codes, want at most 192, the steps to learn from", message);
    }
    String unpaired =
        assertThrows(
                LacunaException.class,
                () ->
                    new Cmg()
                        .check(
                            new Presence(2, 2, new byte[] {1, 0, 0, 1}),
                            List.of("image", "audio"),
                            CmgOptionsTest.SMALL))
            .getMessage();
    assertEquals(
        "no training sample has two of image, audio, want some: nothing else tells which codes of"
            + " one mean those of another",
        unpaired);
  }
}
