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
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.DigitSequencesSource;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.Experiment;
import dev.lacuna.training.system.RunConfig;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodeTokenizerTest {
  private static final Progress SILENT =
      new PlainProgress(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8));

  private final MultimodalData data = Sequences.data(2, 24, 4);
  private final Context context = Lacuna.open(Device.parse("reference"));

  @TempDir Path temporary;

  @BeforeEach
  void train() {
    RunConfig<CmgOptions> config =
        new RunConfig<>(
            new DigitSequencesSource(24, 24, 24, 4, 0, List.of("image", "audio")),
            "none",
            0,
            1,
            new TrainingOptions(2, 12, 0.01, 0.9, 0, Sgd.Decay.DECOUPLED, "none"),
            CmgOptionsTest.SMALL);
    try (RunFolder folder = RunFolder.create(temporary.resolve("run"))) {
      Results results = new Experiment<>(context, data, new Cmg(), config).train(folder, SILENT);
      folder.writeMetrics("cmg", config, results, Map.of());
    }
  }

  @AfterEach
  void close() {
    context.close();
  }

  private CodeTokenizer open(RunFolder folder) {
    return CodeTokenizer.open(context, folder, 0);
  }

  /** What a file would hold: features before they are scaled. */
  private static float[] unscaled(Modality modality, int row) {
    float[] values = modality.rows()[row].clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * modality.scaling().deviation() + modality.scaling().mean());
    }
    return values;
  }

  @Test
  void sequencesBecomeCodesAndStepsAgain() {
    try (RunFolder folder = RunFolder.open(temporary.resolve("run"));
        CodeTokenizer tokenizer = open(folder)) {
      assertEquals(List.of("image", "audio"), tokenizer.modalities());
      assertEquals(4, tokenizer.size());
      assertEquals(8, tokenizer.width());
      assertEquals(32, tokenizer.vectors().length);
      assertTrue(Files.exists(temporary.resolve("run/codebook-0.npy")));
      Modality audio = data.modalities().get(1);
      float[] sequence = unscaled(audio, 3);
      int[] codes = tokenizer.encode("audio", sequence);
      assertEquals(4, codes.length);
      assertTrue(Arrays.stream(codes).allMatch(code -> code >= 0 && code < 4));
      assertArrayEquals(codes, tokenizer.encode("audio", sequence));
      // attention needs no fixed number of steps
      assertEquals(2, tokenizer.encode("audio", Arrays.copyOf(sequence, 50)).length);
      float[] pictures = tokenizer.decode("image", codes);
      assertEquals(100, pictures.length);
      double mean = 0;
      for (float value : pictures) {
        mean += value / (double) pictures.length;
      }
      // the files' scale: mean 10 and deviation 2, where features have 0 and 1
      assertEquals(10, mean, 4);
      // a code is decoded by itself
      float[] one = tokenizer.decode("image", new int[] {codes[2]});
      assertArrayEquals(Arrays.copyOfRange(pictures, 50, 75), one, 1e-5f);
      assertEquals(0, tokenizer.decode("image", new int[0]).length);
    }
  }

  private static void refuses(Runnable work, String message) {
    assertEquals(message, assertThrows(LacunaException.class, work::run).getMessage());
  }

  @Test
  void whatItCannotReadIsNamed() {
    try (RunFolder folder = RunFolder.open(temporary.resolve("run"));
        CodeTokenizer tokenizer = open(folder)) {
      refuses(
          () -> tokenizer.encode("smell", new float[25]),
          "modality is 'smell', want one of image, audio");
      refuses(
          () -> tokenizer.encode("image", new float[26]),
          "image has 26 values, want a multiple of 25, the values of a step");
      float[] nan = new float[25];
      nan[7] = Float.NaN;
      refuses(
          () -> tokenizer.encode("image", nan), "image has NaN at position 7, want finite values");
      refuses(() -> tokenizer.decode("image", new int[] {0, 4}), "code 1 is 4, want 0 to 3");
      refuses(
          () -> CodeTokenizer.open(context, folder, 1),
          "seed is 1, " + folder + " has models of 0 to 0");
    }
  }
}
