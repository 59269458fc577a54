package dev.lacuna.multimodal.mmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.multimodal.mmp.FeaturePredictor.Pooling;
import dev.lacuna.multimodal.mmp.MmpModel.Encoded;
import dev.lacuna.multimodal.mmp.MmpModel.Losses;
import dev.lacuna.multimodal.mmp.MmpModel.Modality;
import dev.lacuna.multimodal.mmp.MmpModel.Options;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.ReadableEncoding;
import dev.lacuna.nn.TransformerEncoder;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.ops.ElementwiseOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses of a small model in double: which parameters they reach, and with which gradient. */
final class MmpModelTest {
  private static final int SAMPLES = 7;
  private static final int TOKENS = 4;
  private static final int[] LABELS = {0, 1, 2, 0, 1, 2, 1};

  /** Which samples have which of three modalities; 0 and 1 are paired in 2, 3, 4 and 6. */
  private static final int[][] PRESENT = {{0, 1, 2, 3, 4, 6}, {2, 3, 4, 5, 6}, {0, 2}};

  private static final int[] WIDTHS = {6, 8, 4};

  private static Options options(Prompts reading, Pooling pooling, EncoderGrad grad) {
    return new Options(3, reading, pooling, VicReg.Options.DEFAULT, grad, grad);
  }

  private static double[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(8, stream, 0);
    return IntStream.range(0, count).mapToDouble(random::normal).toArray();
  }

  /** Three small frozen transformers and what MMP adds to them. */
  private static final class Small implements AutoCloseable {
    final Context context = Lacuna.open(Device.parse("reference-f64"));
    final ParameterStore store = new ParameterStore(context);
    final Tape tape = new Tape(context);
    final List<TransformerEncoder> encoders = new ArrayList<>();
    final MmpModel model;
    final int modalities;

    Small(int modalities, Options options) {
      this.modalities = modalities;
      List<Modality> described = new ArrayList<>();
      for (int m = 0; m < modalities; m++) {
        Groups groups = new Groups(store.group("weights" + m), store.group("biases" + m));
        Config config = new Config(WIDTHS[m], 2, 2, 10, Norm.PRE, 1e-6, Activation.GELU);
        encoders.add(new TransformerEncoder(groups, config, m));
        groups.weights().freeze();
        described.add(new Modality("m" + m, normal(20 + m, WIDTHS[m])));
      }
      List<ParameterGroup> prediction =
          IntStream.range(0, modalities).mapToObj(m -> store.group("m" + m)).toList();
      model = new MmpModel(store.group("heads"), prediction, described, 3, options, 5);
      for (Parameter parameter : store.parameters()) {
        double[] value = parameter.get();
        double[] noise = normal(parameter.name().hashCode(), value.length);
        Arrays.setAll(value, i -> value[i] + 0.3 * noise[i]);
        parameter.set(value);
      }
    }

    Losses losses(Tape on, int[]... present) {
      List<@Nullable Encoded> encoded = new ArrayList<>();
      for (int m = 0; m < modalities; m++) {
        int[] samples = present[m];
        if (samples.length == 0) {
          encoded.add(null);
          continue;
        }
        int size = TOKENS * WIDTHS[m];
        double[] all = normal(m, SAMPLES * size);
        double[] x =
            Arrays.stream(samples)
                .boxed()
                .flatMapToDouble(i -> Arrays.stream(all, i * size, (i + 1) * size))
                .toArray();
        Tensor input = on.input(x, samples.length, TOKENS, WIDTHS[m]);
        encoded.add(new Encoded(encoders.get(m).first(input, null), samples));
      }
      return model.loss(on, encoded, Criterion.singleLabel(LABELS));
    }

    List<Parameter> parameters(Predicate<String> name) {
      return store.parameters().stream()
          .filter(p -> !p.group().isFrozen() && !p.name().endsWith("attn.k.bias"))
          .filter(p -> name.test(p.name()))
          .toList();
    }

    @Override
    public void close() {
      tape.close();
      store.close();
      context.close();
    }
  }

  @ParameterizedTest
  @CsvSource({"NONE, MEAN", "SELF, CONCATENATION", "FULL, MEAN"})
  void flowingGradientsAreThoseOfDifferences(Prompts reading, Pooling pooling) {
    try (Small small = new Small(2, options(reading, pooling, EncoderGrad.FLOW))) {
      double error =
          GradCheck.maxError(
              small.tape,
              small.parameters(name -> true),
              tape -> small.losses(tape, PRESENT).total());
      assertTrue(error < 1e-6, "error " + error);
    }
  }

  @Test
  void stoppedPredictionLossTrainsPromptsAndPredictorsAlone() {
    Options stop = options(Prompts.NONE, Pooling.MEAN, EncoderGrad.STOP);
    try (Small small = new Small(3, stop)) {
      double ofPrediction =
          GradCheck.maxError(
              small.tape,
              small.parameters(name -> name.matches("m\\d\\..*")),
              tape -> small.losses(tape, PRESENT).total());
      assertTrue(ofPrediction < 1e-6, "error " + ofPrediction);
      // biases and heads see the classification alone
      List<Parameter> others = small.parameters(name -> !name.matches("m\\d\\..*"));
      double ofClassification =
          GradCheck.maxError(
              small.tape,
              others,
              tape -> {
                Losses losses = small.losses(tape, PRESENT);
                return sum(losses.classification());
              });
      assertTrue(ofClassification < 1e-6, "error " + ofClassification);
      small.tape.reset();
      small.store.zeroGrad();
      small.losses(small.tape, PRESENT).total().backward();
      double[][] whole = others.stream().map(Parameter::grad).toArray(double[][]::new);
      small.tape.reset();
      small.store.zeroGrad();
      sum(small.losses(small.tape, PRESENT).classification()).backward();
      for (int i = 0; i < whole.length; i++) {
        double[] alone = others.get(i).grad();
        for (int j = 0; j < alone.length; j++) {
          assertEquals(alone[j], whole[i][j], others.get(i).name());
        }
      }
    }
  }

  private static Tensor sum(List<Tensor> scalars) {
    return scalars.stream().reduce(ElementwiseOp::add).orElseThrow();
  }

  @Test
  void everyModalityClassifiesAndEveryPairThatMeetsPredicts() {
    Options stop = options(Prompts.NONE, Pooling.MEAN, EncoderGrad.STOP);
    try (Small small = new Small(3, stop)) {
      Losses all = small.losses(small.tape, PRESENT);
      assertEquals(3, all.classification().size());
      assertEquals(6, all.prediction().size());
      // of modalities 1 and 2 sample 2 alone has both, so their two directions have one row
      assertEquals(2, all.unvaried());
      double total =
          sum(all.classification()).toDoubleArray()[0]
              + all.prediction().stream().mapToDouble(loss -> loss.toDoubleArray()[0]).sum();
      assertEquals(total, all.total().toDoubleArray()[0], 1e-12);
      Losses apart = small.losses(small.tape, new int[] {0, 1}, new int[] {2, 3}, new int[0]);
      assertEquals(2, apart.classification().size());
      assertTrue(apart.prediction().isEmpty());
    }
  }

  @Test
  void aPairOfOneRowCountsItsDistanceAlone() {
    Options stop = options(Prompts.NONE, Pooling.MEAN, EncoderGrad.STOP);
    try (Small small = new Small(2, stop)) {
      Losses losses = small.losses(small.tape, new int[] {0, 3}, new int[] {3, 5});
      assertEquals(2, losses.unvaried());
      losses.total().backward();
      for (Parameter parameter : small.parameters(name -> name.matches("m\\d\\..*"))) {
        assertTrue(parameter.hasGradient(), parameter.name());
        assertFalse(Arrays.stream(parameter.grad()).anyMatch(Double::isNaN), parameter.name());
      }
    }
  }

  @Test
  void everySampleThatIsEncodedHasOnePositionAndPositionsAscend() {
    Options stop = options(Prompts.NONE, Pooling.MEAN, EncoderGrad.STOP);
    try (Small small = new Small(2, stop)) {
      Tensor x = small.tape.input(new double[3 * TOKENS * WIDTHS[0]], 3, TOKENS, WIDTHS[0]);
      ReadableEncoding encoding = small.encoders.getFirst().first(x, null);
      assertEquals(3, new Encoded(encoding, new int[] {0, 3, 5}).samples().length);
      assertRefused(
          () -> new Encoded(encoding, new int[] {0, 3}), "2 samples, want one for each of the 3");
      assertRefused(
          () -> new Encoded(encoding, new int[] {0, 3, 3}), "position 2", "is 3, want at least 4");
      assertRefused(
          () -> new Encoded(encoding, new int[] {0, 3, 2}), "position 2", "is 2, want at least 4");
      assertRefused(
          () -> new Encoded(encoding, new int[] {-1, 3, 5}), "position 0", "-1, want at least 0");
      ReadableEncoding none = encoding.select(new int[0]);
      assertRefused(() -> new Encoded(none, new int[0]), "no samples, want null for a modality");
    }
  }

  @Test
  void everyModalityHasItsPlaceInABatch() {
    Options stop = options(Prompts.NONE, Pooling.MEAN, EncoderGrad.STOP);
    try (Small small = new Small(2, stop)) {
      Tensor x = small.tape.input(new double[TOKENS * WIDTHS[0]], 1, TOKENS, WIDTHS[0]);
      Encoded one = new Encoded(small.encoders.getFirst().first(x, null), new int[] {0});
      Criterion criterion = Criterion.singleLabel(LABELS);
      for (List<@Nullable Encoded> encoded :
          List.of(List.of(one), Arrays.asList(one, null, null))) {
        String said = encoded.size() + " modalities, want 2, one or null for each of [m0, m1]";
        assertRefused(() -> small.model.loss(small.tape, encoded, criterion), said);
        assertRefused(() -> small.model.classification(encoded, criterion), said);
      }
    }
  }

  @Test
  void whatIsMissingFromAModelOrItsLabelsIsNamed() {
    Options stop = options(Prompts.NONE, Pooling.MEAN, EncoderGrad.STOP);
    try (Small small = new Small(2, stop);
        ParameterStore other = new ParameterStore(small.context)) {
      ParameterGroup heads = other.group("heads");
      List<ParameterGroup> one = List.of(other.group("m0"));
      assertRefused(
          () -> new MmpModel(heads, one, small.model.modalities(), 3, stop, 1),
          "1 groups for prompts and predictors, want one for each of 2 modalities");
      Tensor x = small.tape.input(new double[TOKENS * WIDTHS[0]], 1, TOKENS, WIDTHS[0]);
      ReadableEncoding encoding = small.encoders.getFirst().first(x, null);
      assertRefused(
          () -> small.model.predict(small.tape, 2, encoding), "from is modality 2, want 0 to 1");
      Tensor logits = small.tape.input(new double[6], 2, 3);
      for (Criterion criterion :
          List.of(Criterion.singleLabel(new int[3]), Criterion.multiLabel(new float[3][3]))) {
        String said =
            assertThrows(
                    IllegalArgumentException.class, () -> criterion.loss(logits, new int[] {1, 3}))
                .getMessage();
        assertTrue(said.startsWith("there are 3 ") && said.endsWith("up to sample 3"), said);
      }
    }
  }

  private static void assertRefused(Executable action, String... parts) {
    LacunaException e = assertThrows(LacunaException.class, action);
    assertEquals(Status.INVALID_ARGUMENT, e.status());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), "'" + e.getMessage() + "' lacks '" + part + "'");
    }
  }

  @Test
  void promptsStartNearTheClassToken() {
    try (Small small = new Small(2, Options.DEFAULT)) {
      double[] start = normal(20, 6);
      ReadOnlyPrompts prompts =
          new ReadOnlyPrompts(
              new ParameterStore(small.context).group("p"), 4, start, new CounterRandom(1, 2, 3));
      double[] values = prompts.vectors().get();
      for (int k = 0; k < 4; k++) {
        double squares = 0;
        for (int j = 0; j < 6; j++) {
          squares += Math.pow(values[k * 6 + j] - start[j], 2);
        }
        assertEquals(0.1, Math.sqrt(squares), 1e-12);
      }
    }
  }
}
