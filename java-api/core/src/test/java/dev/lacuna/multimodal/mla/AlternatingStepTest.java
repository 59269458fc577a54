package dev.lacuna.multimodal.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two modalities of 4 and 7 numbers, features of 5, 3 classes. */
final class AlternatingStepTest {
  private static final int[] INPUTS = {4, 7};
  private static final int WIDTH = 5;
  private static final int CLASSES = 3;
  private static final double RATE = 0.1;
  private static final double ALPHA = 0.05;

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final List<AutoCloseable> open = new ArrayList<>(List.of(context));

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      resource.close();
    }
  }

  /** A model with its training step; two of them start equal. */
  private final class Learner {
    final Tape tape = new Tape(context);
    final ParameterStore store = new ParameterStore(context);
    final SharedHeadModel model;
    final AlternatingStep step;

    Learner(Projection projection, double momentum, double decay) {
      List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
      for (int m = 0; m < INPUTS.length; m++) {
        ParameterGroup group = store.group("encoder" + m);
        Linear linear = new Linear(group, "linear", INPUTS[m], WIDTH, new CounterRandom(1, m, 0));
        Layer layer = Layer.sequence(linear, ElementwiseOp::relu);
        encoders.add(new SharedHeadModel.Encoder("m" + m, group, layer));
      }
      Linear head =
          new Linear(store.group("head"), "linear", WIDTH, CLASSES, new CounterRandom(1, 9, 0));
      model = new SharedHeadModel(encoders, head);
      Sgd.Options sgd = new Sgd.Options(momentum, decay, Sgd.Decay.DECOUPLED, Sgd.Momentum.CLASSIC);
      step =
          new AlternatingStep(
              context,
              model,
              AlternatingStep.Options.DEFAULT
                  .withProjection(projection)
                  .withAlpha(AlternatingStep.Alpha.constant(ALPHA))
                  .withSgd(sgd));
      open.addAll(List.of(store, tape, step));
    }

    double learn(int modality, int samples, int draw) {
      tape.reset();
      CounterRandom random = new CounterRandom(2, modality, draw);
      double[] x = new double[samples * INPUTS[modality]];
      Arrays.setAll(x, random::normal);
      int[] labels = new int[samples];
      Arrays.setAll(labels, i -> random.below(i, CLASSES));
      return learn(modality, tape.input(x, samples, INPUTS[modality]), labels);
    }

    double learn(int modality, Tensor x, int... labels) {
      Tensor classes = tape.input(labels, labels.length);
      step.startBatch(0, 1);
      return step.apply(tape, modality, x, classes, RATE).item();
    }

    double[][] encoder(int modality) {
      return values(model.encoders().get(modality).parameters());
    }

    double[][] head() {
      return values(model.head().weight().group());
    }

    double[][] all() {
      return store.parameters().stream().map(Parameter::get).toArray(double[][]::new);
    }

    private double[][] values(ParameterGroup group) {
      return group.parameters().stream().map(Parameter::get).toArray(double[][]::new);
    }
  }

  @ParameterizedTest
  @EnumSource(Projection.class)
  void aStepOfOneModalityLeavesTheOtherEncoderAsItIs(Projection projection) {
    Learner learner = new Learner(projection, 0.9, 0.01);
    learner.learn(0, 6, 0);
    learner.learn(1, 3, 0); // both have momentum now
    for (int moving = 0; moving < 2; moving++) {
      double[][] still = learner.encoder(1 - moving);
      double[][] moved = learner.encoder(moving);
      double[][] head = learner.head();
      learner.learn(moving, 5, 1);
      assertArrayEquals(still, learner.encoder(1 - moving));
      assertFalse(Arrays.deepEquals(moved, learner.encoder(moving)), "encoder " + moving);
      assertFalse(Arrays.deepEquals(head, learner.head()), "head");
    }
  }

  @Test
  void theHeadKeepsMomentumByModality() {
    Learner learner = new Learner(Projection.NONE, 0.9, 0);
    learner.learn(0, 6, 0);
    learner.learn(0, 6, 1);
    Parameter weight = learner.model.head().weight();
    double[] before = weight.get();
    learner.learn(1, 6, 0);
    // A first step moves by the gradient alone; the gradient is there until the next step.
    double[] gradient = weight.grad();
    double[] wanted = new double[before.length];
    Arrays.setAll(wanted, i -> before[i] - RATE * gradient[i]);
    assertArrayEquals(wanted, weight.get(), 1e-6);
  }

  @Test
  void projectionActsFromTheSecondStepOn() {
    Learner with = new Learner(Projection.RLS, 0.9, 0);
    Learner without = new Learner(Projection.NONE, 0.9, 0);
    assertArrayEquals(without.all(), with.all());
    assertEquals(without.learn(0, 6, 0), with.learn(0, 6, 0));
    assertArrayEquals(without.all(), with.all());
    assertEquals(without.learn(1, 6, 0), with.learn(1, 6, 0));
    assertArrayEquals(without.encoder(1), with.encoder(1));
    assertFalse(Arrays.deepEquals(without.head(), with.head()), "the head was not projected");
  }

  @Test
  void lossFalls() {
    Learner learner = new Learner(Projection.RLS, 0.9, 1e-4);
    double first = learner.learn(0, 8, 0) + learner.learn(1, 8, 0);
    double last = first;
    for (int i = 0; i < 150; i++) {
      last = learner.learn(0, 8, 0) + learner.learn(1, 8, 0);
    }
    assertTrue(last < 0.5 * first, first + " to " + last);
  }

  @Test
  void aBatchOfOneWorks() {
    Learner learner = new Learner(Projection.RLS, 0.9, 1e-4);
    for (int draw = 0; draw < 4; draw++) {
      double loss = learner.learn(draw % 2, 1, draw);
      assertTrue(Double.isFinite(loss), "loss " + loss);
    }
  }

  @Test
  void featuresThatAreNoNumbersMoveNothing() {
    Learner learner = new Learner(Projection.RLS, 0.9, 1e-4);
    learner.learn(0, 6, 0);
    double[][] before = learner.all();
    learner.tape.reset();
    float[] bad = {1, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0};
    Tensor x = learner.tape.input(bad, 1, 4);
    LacunaException e = assertThrows(LacunaException.class, () -> learner.learn(0, x, 2));
    assertEquals(Status.NON_FINITE, e.status());
    assertArrayEquals(before, learner.all());
    // Nothing was absorbed either: the next step is that of a learner which never saw it.
    Learner spared = new Learner(Projection.RLS, 0.9, 1e-4);
    spared.learn(0, 6, 0);
    assertEquals(spared.learn(1, 6, 1), learner.learn(1, 6, 1));
    assertArrayEquals(spared.all(), learner.all());
  }

  @Test
  void badBatchesAreRefusedAndMoveNothing() {
    Learner learner = new Learner(Projection.RLS, 0.9, 1e-4);
    double[][] before = learner.all();
    Tape tape = learner.tape;
    assertSays("label", () -> learner.learn(0, tape.input(new float[4], 1, 4), 3));
    assertSays("label", () -> learner.learn(0, tape.input(new float[4], 1, 4), -1));
    assertSays("labels", () -> learner.learn(0, tape.input(new float[4], 1, 4), 1, 2));
    assertSays("want [o, 7]", () -> learner.learn(0, tape.input(new float[7], 1, 7), 1));
    assertSays("[0, 3], want at least", () -> learner.learn(0, tape.input(new float[0], 0, 4)));
    Tensor stale = tape.input(new float[4], 1, 4);
    tape.reset();
    assertSays("stale", () -> learner.learn(0, stale, 1));
    try (Context other = Lacuna.open(Device.parse("reference"));
        Tape foreign = new Tape(other)) {
      Tensor x = foreign.input(new float[4], 1, 4);
      assertSays("another", () -> learner.learn(0, x, 1));
    }
    assertArrayEquals(before, learner.all());
  }

  @Test
  void aClosedContextIsNamed() {
    Context closing = Lacuna.open(Device.parse("reference"));
    Tape tape = new Tape(closing);
    closing.close();
    assertSays("closed", () -> tape.input(new float[4], 1, 4));
  }

  @Test
  void encodersOfAnotherStoreAreRefused() {
    Learner learner = new Learner(Projection.NONE, 0, 0);
    try (ParameterStore other = new ParameterStore(context)) {
      Linear head =
          new Linear(other.group("head"), "linear", WIDTH, CLASSES, new CounterRandom(1, 9, 0));
      assertSays("encoder m0", () -> new SharedHeadModel(learner.model.encoders(), head));
    }
  }

  @Test
  void alphaFallsByTenWithinAnEpoch() {
    AlternatingStep.Alpha alpha = AlternatingStep.Options.DEFAULT.alpha();
    for (int batch = 0; batch < 10; batch++) {
      assertEquals(Math.pow(0.1, 1 + batch / 10.0), alpha.at(batch, 10));
    }
    assertEquals(1, AlternatingStep.Alpha.constant(1).at(7, 10));
    assertEquals(0.5, new AlternatingStep.Alpha(1, 0.25).at(1, 2), 1e-15);
    assertEquals(0.3, AlternatingStep.Alpha.constant(0.3).at(3, 4));
    assertSays("alpha runs from 0.1 to 0.0", () -> new AlternatingStep.Alpha(0.1, 0));
    assertSays("NaN", () -> AlternatingStep.Alpha.constant(Double.NaN));
  }

  @Test
  void aStepOutsideABatchIsRefused() {
    Learner learner = new Learner(Projection.RLS, 0.9, 0);
    Tensor x = learner.tape.input(new float[4], 1, 4);
    Tensor labels = learner.tape.input(new int[1], 1);
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> learner.step.apply(learner.tape, 0, x, labels, RATE));
    assertTrue(e.getMessage().contains("startBatch"), e.getMessage());
    assertSays("batch is 3, want 0 to 2", () -> learner.step.startBatch(3, 3));
    assertSays("batch is -1", () -> learner.step.startBatch(-1, 3));
  }

  private static void assertSays(String part, Runnable action) {
    RuntimeException error = assertThrows(RuntimeException.class, action::run);
    assertTrue(
        error instanceof LacunaException || error instanceof IllegalArgumentException,
        error.toString());
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }
}
