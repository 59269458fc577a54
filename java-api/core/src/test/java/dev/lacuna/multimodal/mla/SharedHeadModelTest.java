package dev.lacuna.multimodal.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.mla.SharedHeadModel.Encoder;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Encoders of several widths before one head. */
final class SharedHeadModelTest {
  private static final int WIDTH = 5;
  private static final int CLASSES = 3;
  private static final int SAMPLES = 4;

  /** Inputs and own widths of three encoders; the second has the head's. */
  private static final int[] INPUTS = {4, 7, 2};

  private static final int[] WIDTHS = {3, WIDTH, 9};

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    store.close();
    context.close();
  }

  private Encoder encoder(int m) {
    ParameterGroup group = store.group("m" + m);
    Linear linear = new Linear(group, "linear", INPUTS[m], WIDTHS[m], new CounterRandom(1, m, 0));
    return new Encoder("m" + m, group, x -> ElementwiseOp.relu(linear.forward(x)));
  }

  private Linear head() {
    return new Linear(store.group("head"), "linear", WIDTH, CLASSES, new CounterRandom(1, 9, 0));
  }

  private SharedHeadModel threeWidths() {
    List<Encoder> encoders = new ArrayList<>();
    for (int m = 0; m < INPUTS.length; m++) {
      Encoder encoder = encoder(m);
      encoders.add(
          WIDTHS[m] == WIDTH
              ? encoder
              : encoder.projected(WIDTHS[m], WIDTH, new CounterRandom(1, m, 1)));
    }
    return new SharedHeadModel(encoders, head());
  }

  private Tensor input(int m) {
    double[] x = new double[SAMPLES * INPUTS[m]];
    Arrays.setAll(x, new CounterRandom(2, m, 0)::normal);
    return tape.input(x, SAMPLES, INPUTS[m]);
  }

  @Test
  void aProjectedEncoderGivesItsFeaturesThroughALinearLayerOfItsOwnGroup() {
    SharedHeadModel model = threeWidths();
    for (int m : new int[] {0, 2}) {
      List<Parameter> own = model.encoders().get(m).parameters().parameters();
      assertEquals("m" + m + ".projection.weight", own.get(2).name());
      assertArrayEquals(new long[] {WIDTH, WIDTHS[m]}, own.get(2).shape());
      Tensor x = input(m);
      double[] inner = affine(own.get(0), own.get(1), x.toDoubleArray());
      double[] rectified = Arrays.stream(inner).map(v -> Math.max(v, 0)).toArray();
      double[] wanted = affine(own.get(2), own.get(3), rectified);
      assertArrayEquals(wanted, model.features(m, x).toDoubleArray(), 1e-12);
    }
    assertEquals(2, model.encoders().get(1).parameters().parameters().size());
  }

  private static double[] affine(Parameter weight, Parameter bias, double[] x) {
    int out = bias.count();
    int in = weight.count() / out;
    double[] w = weight.get();
    double[] y = new double[x.length / in * out];
    for (int i = 0; i < y.length; i++) {
      y[i] = bias.get()[i % out];
      for (int k = 0; k < in; k++) {
        y[i] += x[i / out * in + k] * w[i % out * in + k];
      }
    }
    return y;
  }

  @Test
  void aStepTrainsTheProjectionOfItsModalityAlone() {
    SharedHeadModel model = threeWidths();
    int[] labels = {0, 1, 2, 1};
    try (AlternatingStep step =
        new AlternatingStep(context, model, AlternatingStep.Options.DEFAULT)) {
      for (int t = 0; t < 2; t++) {
        step.startBatch(t, 2);
        for (int m = 0; m < INPUTS.length; m++) {
          double[][] before = values();
          tape.reset();
          step.apply(tape, m, input(m), tape.input(labels, SAMPLES), 0.1);
          double[][] after = values();
          List<Parameter> parameters = store.parameters();
          for (int i = 0; i < parameters.size(); i++) {
            String group = parameters.get(i).group().name();
            boolean moves = group.equals("head") || group.equals("m" + m);
            assertEquals(
                moves, !Arrays.equals(before[i], after[i]), parameters.get(i) + " in m" + m);
          }
        }
      }
    }
  }

  private double[][] values() {
    return store.parameters().stream().map(Parameter::get).toArray(double[][]::new);
  }

  @Test
  void anEncoderOfAnotherWidthIsNamed() {
    Encoder narrow = encoder(0);
    SharedHeadModel model = new SharedHeadModel(List.of(narrow), head());
    String message =
        assertThrows(LacunaException.class, () -> model.logits(0, input(0))).getMessage();
    assertTrue(message.contains("encoder m0 gives features of width 3, want 5"), message);
  }

  @Test
  void parameterGroupsAreNotShared() {
    Encoder encoder = encoder(1);
    Linear head = head();
    for (ParameterGroup shared : List.of(encoder.parameters(), head.weight().group())) {
      Encoder other = new Encoder("other", shared, encoder.layer());
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new SharedHeadModel(List.of(encoder, other), head))
              .getMessage();
      assertTrue(message.contains("other shares the parameter group"), message);
    }
  }
}
