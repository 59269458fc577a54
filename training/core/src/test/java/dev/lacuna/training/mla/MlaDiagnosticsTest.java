package dev.lacuna.training.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.mla.SharedHeadModel;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Diagnostic.Curves;
import dev.lacuna.training.report.Diagnostic.Dots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Spectrum and logit drift against what autograd and P's definition say. */
class MlaDiagnosticsTest {
  private static final int WIDTH = 5;
  private static final int SAMPLES = 9;

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);
  private final Tape tape = new Tape(context);
  private final MultimodalData data = Toy.data(6, SAMPLES, 1);
  private final SharedHeadModel model = model();
  private final GradientProjector projector =
      new GradientProjector(context, model.head().weight(), GradientProjector.Options.DEFAULT);

  @AfterEach
  void close() {
    projector.close();
    tape.close();
    store.close();
    context.close();
  }

  private SharedHeadModel model() {
    List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
    for (Modality modality : data.modalities()) {
      ParameterGroup group = store.group(modality.name());
      CounterRandom random = new CounterRandom(1, encoders.size(), 0);
      Linear linear = new Linear(group, "linear", modality.size(), WIDTH, random);
      encoders.add(
          new SharedHeadModel.Encoder(modality.name(), group, x -> linear.forward(x.flatten())));
    }
    CounterRandom random = new CounterRandom(1, 9, 0);
    return new SharedHeadModel(
        encoders, new Linear(store.group("head"), "linear", WIDTH, Toy.CLASSES, random));
  }

  private Tensor features(int modality) {
    int[] all = new int[SAMPLES];
    Arrays.setAll(all, i -> i);
    Batch batch =
        new Batch(data, data.validation(), data.validation().presence(), all, RandomShift.none(2));
    return model.features(modality, batch.inputs(tape, modality, all));
  }

  private void absorb() {
    for (int m = 0; m < 2; m++) {
      tape.reset();
      projector.apply(tape, features(m), 0.05);
    }
  }

  private List<Diagnostic> diagnostics() {
    return MlaDiagnostics.of(model, projector, tape, data);
  }

  private static double[] values(List<Double> list) {
    return list.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private double[] spectrum() {
    return values(((Curves) diagnostics().getFirst()).lines().getFirst().values());
  }

  @Test
  void aProjectorThatHasLearnedNothingLetsEverythingThrough() {
    assertArrayEquals(new double[] {1, 1, 1, 1, 1}, spectrum(), 1e-12);
    Dots drift = (Dots) diagnostics().getLast();
    assertEquals(drift.series().get(1).values(), drift.series().get(0).values());
  }

  @Test
  void everyAbsorbedFeatureTakesADirection() {
    absorb();
    double[] spectrum = spectrum();
    assertArrayEquals(new double[] {1, 1, 1}, Arrays.copyOf(spectrum, 3), 1e-9);
    assertTrue(spectrum[3] < 0.9 && spectrum[4] <= spectrum[3], Arrays.toString(spectrum));
    // P = I - ... has the trace that its eigenvalues sum to
    double[] p = projector.projector().matrix();
    double trace = 0;
    double squares = 0;
    for (int i = 0; i < p.length; i++) {
      trace += i % (WIDTH + 1) == 0 ? p[i] : 0;
      squares += p[i] * p[i];
    }
    double sum = Arrays.stream(spectrum).sum();
    double norm = Math.sqrt(Arrays.stream(spectrum).map(v -> v * v).sum());
    assertEquals(trace / Math.sqrt(squares), sum / norm, 1e-9);
  }

  @Test
  void theDriftIsWhatAStepAlongAutogradsGradientMoves() {
    absorb();
    Dots drift = (Dots) diagnostics().getLast();
    assertEquals(
        List.of("image → image", "image → audio", "audio → image", "audio → audio"), drift.rows());
    for (int row = 0; row < 4; row++) {
      double[] gradient = gradient(row / 2);
      assertEquals(
          moved(projected(gradient), row % 2), drift.series().get(0).values().get(row), 1e-9);
      assertEquals(moved(gradient, row % 2), drift.series().get(1).values().get(row), 1e-9);
    }
  }

  private double[] gradient(int modality) {
    tape.reset();
    store.zeroGrad();
    Tensor labels = tape.input(data.validation().labels(), SAMPLES);
    SoftmaxOp.crossEntropy(model.head().forward(features(modality)), labels).backward();
    return model.head().weight().grad();
  }

  private double[] projected(double[] gradient) {
    double[] p = projector.projector().matrix();
    double[] product = new double[gradient.length];
    for (int i = 0; i < gradient.length; i++) {
      for (int k = 0; k < WIDTH; k++) {
        product[i / WIDTH * WIDTH + k] += gradient[i] * p[i % WIDTH * WIDTH + k];
      }
    }
    return product;
  }

  /** By how much the logits differ after the step, on average. */
  private double moved(double[] step, int modality) {
    tape.reset();
    double[] before = model.head().forward(features(modality)).toDoubleArray();
    double[] weight = model.head().weight().get();
    double[] changed = weight.clone();
    Arrays.setAll(changed, i -> weight[i] - step[i]);
    model.head().weight().set(changed);
    double[] after = model.head().forward(features(modality)).toDoubleArray();
    model.head().weight().set(weight);
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
      double squares = 0;
      for (int c = 0; c < Toy.CLASSES; c++) {
        double moved = after[i * Toy.CLASSES + c] - before[i * Toy.CLASSES + c];
        squares += moved * moved;
      }
      sum += Math.sqrt(squares) / SAMPLES;
    }
    return sum;
  }
}
