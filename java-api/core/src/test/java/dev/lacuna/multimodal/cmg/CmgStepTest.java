package dev.lacuna.multimodal.cmg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqOptions.Reset;
import dev.lacuna.multimodal.cmg.CmgBatch.Member;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a step of training moves, and by how much. */
final class CmgStepTest {
  private static final double RATE = 1e-2; // of SmallCmg.apply
  private static final Weights NO_INFORMATION = new Weights(1, 1, 0.25, 0, 1, 0.1, 1);
  private static final CounterRandom ANY = new CounterRandom(1, 2, 3);

  @TempDir private Path folder;

  /** Rows and codes of all positions, as the next step will find them. */
  private record Seen(double[][][] z, int[][] index) {
    static Seen of(SmallCmg small, int[]... present) {
      try (Tape tape = new Tape(small.context)) {
        CmgBatch batch = small.encoded(tape, NO_INFORMATION, ANY, present);
        double[][][] z = new double[small.modalities][][];
        for (int m = 0; m < small.modalities; m++) {
          Member member = batch.present().get(m);
          double[][] rows = PlainCmg.rows(member.z().toDoubleArray(), SmallCmg.WIDTH);
          z[m] = SmallCmg.everywhere(rows, present[m]);
        }
        return new Seen(z, batch.index());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2, true", "3, true", "2, false", "3, false"})
  void codesFollowTheirMovingAverages(int modalities, boolean complete) {
    int[][] present = complete ? SmallCmg.COMPLETE : SmallCmg.INCOMPLETE;
    for (VqOptions options : List.of(VqOptions.DEFAULT, VqOptions.OFFICIAL)) {
      try (SmallCmg small = new SmallCmg("reference-f64", modalities, Update.EMA, options);
          CmgStep step = small.step(NO_INFORMATION, 0, 0.5)) {
        PlainCmg.Averages plain = new PlainCmg.Averages(small.codes(), options.initialCount());
        for (int i = 0; i < 3; i++) {
          Seen seen = Seen.of(small, present);
          CmgStep.Done done = small.apply(step, present);
          assertArrayEquals(seen.index, done.codes());
          plain.absorb(seen.z, seen.index, 0.99);
          assertRelative(PlainCmg.flat(plain.e), PlainCmg.flat(small.codes()), 1e-9);
          assertRelative(PlainCmg.flat(plain.w), small.averages("sums"), 1e-6);
          assertRelative(plain.c, small.averages("counts"), 1e-6);
          assertEquals(0, done.replaced());
        }
      }
    }
  }

  private static void assertRelative(double[] wanted, double[] got, double tolerance) {
    double scale = Arrays.stream(wanted).map(Math::abs).max().orElseThrow();
    assertArrayEquals(wanted, got, tolerance * scale);
  }

  /** Where each learns from its own rows, all of them are those of one modality. */
  @Test
  void codesOfOwnRowsFollowTheAveragesOfAllRowsTogether() {
    try (SmallCmg small = new SmallCmg("reference-f64", 3, Update.EMA_OWN, VqOptions.DEFAULT);
        CmgStep step = small.step(NO_INFORMATION, 0, 0.5)) {
      PlainCmg.Averages plain = new PlainCmg.Averages(small.codes(), 1);
      Seen seen = Seen.of(small, SmallCmg.INCOMPLETE);
      small.apply(step, SmallCmg.INCOMPLETE);
      double[][] z = Arrays.stream(seen.z).flatMap(Arrays::stream).toArray(double[][]::new);
      int[] index = Arrays.stream(seen.index).flatMapToInt(Arrays::stream).toArray();
      plain.absorb(new double[][][] {z}, new int[][] {index}, Math.pow(0.99, 3));
      assertRelative(PlainCmg.flat(plain.e), PlainCmg.flat(small.codes()), 1e-9);
    }
  }

  @Test
  void deadCodesAreReplacedWithTheirAveragesAndStay() {
    VqOptions options = VqOptions.DEFAULT.withReset(new Reset(1, 1, 0.01, 1));
    try (SmallCmg small = new SmallCmg("reference-f64", 2, Update.EMA, options);
        CmgStep step = small.step(NO_INFORMATION, 0, 0.5)) {
      double[] far = PlainCmg.flat(small.codes());
      Arrays.fill(far, 0, SmallCmg.WIDTH, 40);
      float[] start = new float[far.length];
      for (int i = 0; i < far.length; i++) {
        start[i] = (float) far[i];
      }
      small.model.codebook().init(start);
      assertEquals(0, small.apply(step, SmallCmg.COMPLETE).replaced());
      assertEquals(40, small.codes()[0][0], 1);
      assertTrue(small.apply(step, SmallCmg.COMPLETE).replaced() > 0);
      double[] replaced = small.codes()[0];
      assertTrue(Math.abs(replaced[0]) < 5, "the code is " + replaced[0]);
      double[] sums = small.averages("sums");
      double[] counts = small.averages("counts");
      for (int i = 0; i < sums.length; i++) {
        double code = sums[i] / counts[i / SmallCmg.WIDTH];
        assertEquals(PlainCmg.flat(small.codes())[i], code, 1e-5);
      }
      small.apply(step, SmallCmg.COMPLETE);
      assertTrue(Math.abs(small.codes()[0][0]) < 5, "the code is " + small.codes()[0][0]);
    }
  }

  // Clipping and Adam.

  private static double[] gradients(List<ParameterGroup> groups) {
    return groups.stream()
        .flatMap(group -> group.parameters().stream())
        .flatMapToDouble(parameter ->
            Arrays.stream(
                parameter.hasGradient() ? parameter.grad() : new double[parameter.count()]))
        .toArray();
  }

  @ParameterizedTest
  @CsvSource({"2", "3"})
  void encodersDecodersAndPredictorsAreClippedEachByItself(int modalities) {
    double clip = 0.05;
    try (SmallCmg whole = new SmallCmg(modalities);
        SmallCmg clipped = new SmallCmg(modalities);
        CmgStep ofWhole = whole.step(Weights.DEFAULT, 1, Double.POSITIVE_INFINITY);
        CmgStep ofClipped = clipped.step(Weights.DEFAULT, 1, clip)) {
      whole.apply(ofWhole, SmallCmg.COMPLETE);
      clipped.apply(ofClipped, SmallCmg.COMPLETE);
      List<List<ParameterGroup>> modules =
          List.of(whole.model.encoders(), whole.model.decoders(), whole.model.predictors());
      List<List<ParameterGroup>> same =
          List.of(clipped.model.encoders(), clipped.model.decoders(), clipped.model.predictors());
      for (int i = 0; i < modules.size(); i++) {
        double[] gradient = gradients(modules.get(i));
        double norm = Math.sqrt(PlainCmg.dot(gradient, gradient));
        assertTrue(norm > clip, "a norm of " + norm + " is not clipped");
        double[] wanted = Arrays.stream(gradient).map(g -> g * clip / (norm + 1e-6)).toArray();
        assertArrayEquals(wanted, gradients(same.get(i)), 1e-9);
      }
    }
  }

  @Test
  void parametersMoveAsByAdam() {
    try (SmallCmg small = new SmallCmg(2);
        CmgStep step = small.step(Weights.DEFAULT, 1, 0.5)) {
      Map<Parameter, double[][]> plain = new LinkedHashMap<>(); // value, m, v
      List<ParameterGroup> groups = new ArrayList<>(small.model.encoders());
      groups.addAll(small.model.decoders());
      groups.addAll(small.model.predictors());
      for (ParameterGroup group : groups) {
        for (Parameter parameter : group.parameters()) {
          int n = parameter.count();
          plain.put(parameter, new double[][] {parameter.get(), new double[n], new double[n]});
        }
      }
      for (int i = 1; i <= 3; i++) {
        small.apply(step, SmallCmg.COMPLETE);
        for (var entry : plain.entrySet()) {
          double[][] state = entry.getValue();
          adam(state, entry.getKey().grad(), i);
          assertArrayEquals(state[0], entry.getKey().get(), 1e-9, entry.getKey().name());
        }
      }
    }
  }

  private static void adam(double[][] state, double[] gradient, int step) {
    for (int i = 0; i < gradient.length; i++) {
      state[1][i] = 0.9 * state[1][i] + 0.1 * gradient[i];
      state[2][i] = 0.999 * state[2][i] + 0.001 * gradient[i] * gradient[i];
      double first = state[1][i] / (1 - Math.pow(0.9, step));
      double second = state[2][i] / (1 - Math.pow(0.999, step));
      state[0][i] -= RATE * first / (Math.sqrt(second) + 1e-8);
    }
  }

  // CLUB and styles.

  private static List<double[]> values(List<ParameterGroup> groups) {
    return groups.stream()
        .flatMap(group -> group.parameters().stream())
        .map(Parameter::get)
        .toList();
  }

  private static void assertSame(List<double[]> wanted, List<double[]> got) {
    assertEquals(wanted.size(), got.size());
    for (int i = 0; i < wanted.size(); i++) {
      assertArrayEquals(wanted.get(i), got.get(i));
    }
  }

  @Test
  void clubsNetworksLearnByTheirFitsAlone() {
    try (SmallCmg small = new SmallCmg(2);
        CmgStep unfitted = small.step(Weights.DEFAULT, 0, 0.5);
        CmgStep fitted = small.step(Weights.DEFAULT, 5, 0.5)) {
      List<double[]> before = values(small.model.clubs());
      small.apply(unfitted, SmallCmg.COMPLETE);
      assertSame(before, values(small.model.clubs()));
      double misfit = misfit(small);
      small.apply(fitted, SmallCmg.COMPLETE);
      assertTrue(misfit(small) < misfit, "misfit was " + misfit + ", is " + misfit(small));
      for (ParameterGroup group : small.model.clubs()) {
        assertFalse(group.parameters().stream().anyMatch(Parameter::hasGradient));
      }
    }
  }

  private static double misfit(SmallCmg small) {
    try (Tape tape = new Tape(small.context);
        Tape fitting = new Tape(small.context)) {
      CmgBatch batch = small.encoded(tape, Weights.DEFAULT, ANY, SmallCmg.COMPLETE);
      return batch.misfit(fitting).toDoubleArray()[0];
    }
  }

  /** The first batch of a modality counts whole, whenever it comes. */
  @Test
  void aStyleIsTheMovingMeanOfTheBatchesThatHaveTheModality() {
    try (SmallCmg small = new SmallCmg(2);
        CmgStep step = small.step(NO_INFORMATION, 0, 0.5)) {
      small.apply(step, SmallCmg.COMPLETE[0], new int[0]);
      assertArrayEquals(new double[SmallCmg.FEATURES], small.parameter("m1.style.mean").get());
      double[] first = meanFeature(small);
      small.apply(step, SmallCmg.COMPLETE);
      assertArrayEquals(first, small.parameter("m1.style.mean").get(), 1e-12);
      double[] second = meanFeature(small);
      small.apply(step, SmallCmg.COMPLETE);
      double[] wanted = new double[first.length];
      Arrays.setAll(wanted, i -> 0.99 * first[i] + 0.01 * second[i]);
      assertArrayEquals(wanted, small.parameter("m1.style.mean").get(), 1e-12);
    }
  }

  private static double[] meanFeature(SmallCmg small) {
    try (Tape tape = new Tape(small.context)) {
      CmgBatch batch = small.encoded(tape, NO_INFORMATION, ANY, SmallCmg.COMPLETE);
      double[] feature = batch.present().get(1).specific().feature().toDoubleArray();
      double[] mean = new double[SmallCmg.FEATURES];
      for (int i = 0; i < feature.length; i++) {
        mean[i % mean.length] += feature[i] / (SmallCmg.SIZE * SmallCmg.EACH);
      }
      return mean;
    }
  }

  // Going on.

  @ParameterizedTest
  @EnumSource(Update.class)
  void whatIsSavedGoesOnToTheBit(Update update) {
    VqOptions options = VqOptions.DEFAULT.withReset(new Reset(1, 1, 0.01, 1));
    Path path = folder.resolve(update + ".safetensors");
    try (SmallCmg through = new SmallCmg("reference", 2, update, options);
        SmallCmg until = new SmallCmg("reference", 2, update, options);
        SmallCmg from = new SmallCmg("reference", 2, update, options);
        CmgStep all = through.step(Weights.DEFAULT, 2, 0.5);
        CmgStep early = until.step(Weights.DEFAULT, 2, 0.5);
        CmgStep late = from.step(Weights.DEFAULT, 2, 0.5)) {
      int replaced = 0;
      for (int i = 0; i < 4; i++) {
        replaced += through.apply(all, SmallCmg.INCOMPLETE).replaced();
      }
      assertEquals(update != Update.GRADIENT, replaced > 0, "replaced " + replaced);
      for (int i = 0; i < 2; i++) {
        until.apply(early, SmallCmg.INCOMPLETE);
      }
      SafeTensors file = new SafeTensors();
      until.store.save("parameter.", file);
      early.save("step.", file);
      file.write(path);
      SafeTensors read = SafeTensors.read(path);
      from.store.load("parameter.", read);
      late.load("step.", read);
      for (int i = 0; i < 2; i++) {
        from.apply(late, SmallCmg.INCOMPLETE);
      }
      assertSame(values(through.store.groups()), values(from.store.groups()));
    }
  }
}
