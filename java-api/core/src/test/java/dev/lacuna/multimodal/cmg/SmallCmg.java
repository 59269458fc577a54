package dev.lacuna.multimodal.cmg;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.CmgModel.Layers;
import dev.lacuna.multimodal.cmg.CmgModel.Modality;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Two or three modalities of vectors, without dropout, with codes among the rows. */
final class SmallCmg implements AutoCloseable {
  static final int SIZE = 4;
  static final int EACH = 4;
  static final int WIDTH = 4;
  static final int CODES = 6;
  static final int FEATURES = 3;

  /** Every sequence has every modality. */
  static final int[][] COMPLETE = {{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}};

  /** 0 and 1 are paired in 1 and 3, 0 and 2 in 0 and 3, 1 and 2 in 2 and 3. */
  static final int[][] INCOMPLETE = {{0, 1, 3}, {1, 2, 3}, {0, 2, 3}};

  private static final int[] NUMBERS = {5, 6, 3};

  final Context context;
  final ParameterStore store;
  final Tape tape;
  final CmgModel model;
  final int modalities;

  /** In double, with codes that learn by moving averages. */
  SmallCmg(int modalities) {
    this("reference-f64", modalities, Update.EMA, VqOptions.DEFAULT);
  }

  SmallCmg(String backend, int modalities, Update update, VqOptions averages) {
    this.modalities = modalities;
    context = Lacuna.open(Device.parse(backend));
    store = new ParameterStore(context);
    tape = new Tape(context);
    model =
        new CmgModel(
            context,
            store,
            IntStream.range(0, modalities).mapToObj(SmallCmg::modality).toList(),
            new CmgModel.Options(
                new SharedCodebook.Options(CODES, WIDTH, update, averages),
                new Layers(1, 2, 8, 0),
                Estimator.STRAIGHT_THROUGH,
                MutualInformation.STANDARD),
            7);
    for (Parameter parameter : store.parameters()) {
      if (!parameter.group().isFrozen()) {
        double[] value = parameter.get();
        double[] noise = normal(parameter.name().hashCode(), value.length);
        double by = parameter.group().name().endsWith(".club") ? 0.05 : 0.4;
        Arrays.setAll(value, i -> (float) (value[i] + by * noise[i]));
        parameter.set(value);
      }
    }
    float[] codes = new float[CODES * WIDTH];
    double[] start = normal(90, codes.length);
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (float) start[i];
    }
    model.codebook().init(codes);
  }

  private static Modality modality(int m) {
    int numbers = NUMBERS[m];
    return new Modality(
        "m" + m,
        (group, random) -> Front.flat(numbers),
        (encoder, decoder, width, random) ->
            new LinearPath(encoder, decoder, "path", numbers, width, FEATURES, random));
  }

  /** Numbers that a float holds, so that every back end starts from the same. */
  static double[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(11, stream, 0);
    return IntStream.range(0, count).mapToDouble(i -> (float) random.normal(i)).toArray();
  }

  /** Steps of some sequences of a modality. */
  double[] steps(int modality, int... samples) {
    double[][] all =
        PlainCmg.rows(normal(modality, SIZE * EACH * NUMBERS[modality]), NUMBERS[modality]);
    return PlainCmg.flat(PlainCmg.ofSequences(all, EACH, samples));
  }

  /** A batch on a tape of who has what; of no sequence there is nothing. */
  List<@Nullable Sequences> batch(Tape on, int[]... present) {
    List<@Nullable Sequences> batch = new ArrayList<>();
    for (int m = 0; m < modalities; m++) {
      int[] samples = present[m];
      batch.add(
          samples.length == 0
              ? null
              : new Sequences(
                  on.input(steps(m, samples), (long) samples.length * EACH, NUMBERS[m]),
                  samples,
                  EACH));
    }
    return batch;
  }

  /** The batch as the model sees it before its next step. */
  CmgBatch encoded(Tape on, Weights weights, CounterRandom random, int[]... present) {
    return new CmgBatch(model, on, SIZE, batch(on, present), weights, random);
  }

  CmgStep step(Weights weights, int fits, double clip) {
    CmgStep.Options like = CmgStep.Options.DEFAULT;
    return new CmgStep(
        context, model, new CmgStep.Options(weights, fits, like.clubRate(), clip, like.adam()), 21);
  }

  CmgStep.Done apply(CmgStep step, int[]... present) {
    tape.reset();
    return step.apply(tape, SIZE, batch(tape, present), 1e-2);
  }

  Parameter parameter(String name) {
    return store.parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  double[][] codes() {
    return PlainCmg.rows(model.codebook().parameter().get(), WIDTH);
  }

  /** What the codebook knows beside its codes: {@code sums}, {@code counts}, {@code ages}. */
  double[] averages(String what) {
    SafeTensors file = new SafeTensors();
    model.codebook().save("", file);
    return file.tensors().get(what).doubles().clone();
  }

  /** Rows of a modality at all positions, 0 where it is absent. */
  static double[][] everywhere(double[][] rows, int... samples) {
    double[][] all = new double[SIZE * EACH][rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      all[samples[i / EACH] * EACH + i % EACH] = rows[i];
    }
    return all;
  }

  @Override
  public void close() {
    model.close();
    tape.close();
    store.close();
    context.close();
  }
}
