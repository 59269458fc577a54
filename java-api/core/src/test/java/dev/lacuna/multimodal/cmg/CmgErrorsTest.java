package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.CmgModel.Modality;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a step refuses, in which words, and that nothing has moved then. */
final class CmgErrorsTest {
  private static final int ALL = SmallCmg.SIZE * SmallCmg.EACH;
  private final SmallCmg small = new SmallCmg("reference", 2, Update.EMA, VqOptions.DEFAULT);
  private final CmgStep step = small.step(Weights.DEFAULT, 2, 0.5);

  @AfterEach
  void close() {
    step.close();
    small.close();
  }

  private void refused(Status status, String text, List<? extends @Nullable Sequences> batch) {
    List<double[]> before = small.store.parameters().stream().map(Parameter::get).toList();
    LacunaException e =
        assertThrows(
            LacunaException.class, () -> step.apply(small.tape, SmallCmg.SIZE, batch, 1e-2));
    assertEquals(status, e.status());
    assertTrue(e.getMessage().contains(text), e.getMessage());
    List<double[]> after = small.store.parameters().stream().map(Parameter::get).toList();
    for (int i = 0; i < before.size(); i++) {
      assertArrayEquals(before.get(i), after.get(i), small.store.parameters().get(i).name());
    }
  }

  /** Sequences of zeros, of modality 0 with 5 numbers in a step or 1 with 6. */
  private Sequences zeros(int modality, int each, int... samples) {
    int numbers = 5 + modality;
    int rows = samples.length * each;
    return new Sequences(small.tape.input(new float[rows * numbers], rows, numbers), samples, each);
  }

  @Test
  void modalitiesOfUnequalStepsAreNamedWithBoth() {
    refused(
        Status.INVALID_ARGUMENT,
        "m1 has sequences of 5 steps and m0 of 4, want the same",
        List.of(zeros(0, 4, 0, 1), zeros(1, 5, 0, 1)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void sequencesTooShortForPredictionsAreRefusedUnlessThereAreNone(int each) {
    refused(
        Status.INVALID_ARGUMENT,
        "Cross-CPC: sequences have " + each + " step",
        List.of(zeros(0, each, 0, 1), zeros(1, each, 0, 1)));
    try (CmgStep without = small.step(Weights.DEFAULT.withCpc(0), 1, 0.5)) {
      small.tape.reset();
      CmgStep.Done done =
          without.apply(
              small.tape, SmallCmg.SIZE, List.of(zeros(0, each, 0, 1), zeros(1, each, 0, 1)), 1e-2);
      assertTrue(Float.isFinite(done.total().item()));
    }
  }

  @Test
  void aBatchWithoutAnyModalityIsRefused() {
    List<@Nullable Sequences> none = new ArrayList<>();
    none.add(null);
    none.add(null);
    refused(Status.INVALID_ARGUMENT, "a batch without any modality", none);
    refused(Status.INVALID_ARGUMENT, "a batch of 1 modalities, want 2", List.of(zeros(0, 4, 0, 1)));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4, m1: sequence 4 after 0 of a batch of 4",
    "2, 1, m1: sequence 1 after 2 of a batch of 4",
    "1, 1, m1: sequence 1 after 1 of a batch of 4",
    "-1, 1, m1: sequence -1 of a batch of 4"
  })
  void sequencesOutsideTheBatchOrOutOfOrderAreNamed(int first, int second, String text) {
    refused(Status.INVALID_ARGUMENT, text, List.of(zeros(0, 4, 0, 1), zeros(1, 4, first, second)));
  }

  @Test
  void rowsThatAreNotSequencesTimesStepsAreRefused() {
    LacunaException e =
        assertThrows(
            LacunaException.class,
            () -> new Sequences(small.tape.input(new float[35], 7, 5), new int[] {0, 1}, 4));
    assertTrue(e.getMessage().contains("7 rows of steps, want 2 sequences x 4 steps"));
    assertThrows(
        LacunaException.class,
        () -> new Sequences(small.tape.input(new float[35], 7, 5), new int[0], 4));
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void aFeatureThatIsNoNumberIsNamedByItsPlace(double value) {
    List<@Nullable Sequences> batch = small.batch(small.tape, SmallCmg.INCOMPLETE);
    int[] samples = SmallCmg.INCOMPLETE[1];
    double[] broken = small.steps(1, samples);
    broken[(1 * SmallCmg.EACH + 3) * 6 + 4] = value;
    batch.set(
        1,
        new Sequences(
            small.tape.input(broken, (long) samples.length * SmallCmg.EACH, 6),
            samples,
            SmallCmg.EACH));
    refused(Status.NON_FINITE, "m1: number 4 in step 3 of sequence 2 is " + value, batch);
  }

  @Test
  void semanticFeaturesThatAreNoNumbersAreNamedByTheirModality() {
    Parameter bias = small.parameter("m0.semantic.linear.bias");
    double[] broken = bias.get();
    broken[1] = Double.NaN;
    bias.set(broken);
    refused(
        Status.NON_FINITE,
        "semantic features of m0, all of whose steps are finite",
        small.batch(small.tape, SmallCmg.COMPLETE));
  }

  @Test
  void aModelOfOneModalityIsRefused() {
    Modality only =
        new Modality(
            "m",
            (group, random) -> Front.flat(5),
            (encoder, decoder, width, random) ->
                new LinearPath(encoder, decoder, "path", 5, width, 3, random));
    try (ParameterStore store = new ParameterStore(small.context)) {
      LacunaException e =
          assertThrows(
              LacunaException.class,
              () -> new CmgModel(small.context, store, List.of(only), CmgModel.Options.DEFAULT, 1));
      assertTrue(e.getMessage().contains("1 modality, want 2 or more"), e.getMessage());
    }
  }

  @Test
  void aCodebookLargerThanTheDataIsRefused() {
    SharedCodebook.requireRows(ALL, ALL);
    LacunaException e =
        assertThrows(LacunaException.class, () -> SharedCodebook.requireRows(ALL + 1, ALL));
    assertTrue(e.getMessage().contains("has 17 codes, want at most 16"), e.getMessage());
  }

  @Test
  void weightsAndModalitiesOutOfRangeAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new Weights(1, Double.NaN, 0.25, 1, 1, 0.1, 1));
    assertThrows(IllegalArgumentException.class, () -> Weights.DEFAULT.withCpc(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new SharedCodebook.Options(0, 4, Update.EMA, VqOptions.DEFAULT));
    assertThrows(IllegalArgumentException.class, () -> small.step(Weights.DEFAULT, -1, 0.5));
    assertThrows(IllegalArgumentException.class, () -> small.step(Weights.DEFAULT, 1, 0));
    LacunaException e =
        assertThrows(
            LacunaException.class,
            () -> small.model.semantic(2, small.tape.input(new float[5], 1, 5), 1, 1));
    assertTrue(e.getMessage().contains("modality is 2, want 0 to 1"), e.getMessage());
  }
}
