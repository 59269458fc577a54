package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every learner does with batches from which something is missing. */
class LearnerTest {
  private static final int SAMPLES = 6;
  private static final byte[] HALF = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0};

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  static Stream<LearningSystem<?>> systems() {
    return Systems.ALL.stream();
  }

  private Learner learner(LearningSystem<?> system, MultimodalData data) {
    return Small.learner(system, context, data, 0);
  }

  /** The mean loss of one step. */
  private double learn(Learner learner, Batch batch, double rate, int step, int steps) {
    try (Losses losses = new Losses(context, 1, 2)) {
      learner.learn(tape, batch, rate, step, steps, losses);
      losses.endStep();
      return losses.read()[0];
    }
  }

  private static Batch batch(MultimodalData data, byte[] table, int... samples) {
    Presence presence = new Presence(SAMPLES, 2, table);
    return new Batch(data, data.train(), presence, samples, RandomShift.none(2));
  }

  private static double[][] values(ParameterGroup group) {
    return group.parameters().stream().map(Parameter::get).toArray(double[][]::new);
  }

  private static ParameterGroup group(Learner learner, String name) {
    return learner.store().groups().stream()
        .filter(g -> g.name().equals(name) || g.name().equals(name + ".semantic"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("systems")
  void rowsOfAbsentSamplesAreNeverRead(LearningSystem<?> system) {
    MultimodalData clean = Toy.data(SAMPLES, 1, 1);
    MultimodalData poisoned = Toy.data(SAMPLES, 1, 1);
    for (int i = 0; i < HALF.length; i++) {
      if (HALF[i] == 0) {
        Arrays.fill(poisoned.modalities().get(i % 2).rows()[i / 2], Float.NaN);
      }
    }
    try (Learner first = learner(system, clean);
        Learner second = learner(system, poisoned)) {
      for (int step = 0; step < 3; step++) {
        double loss = learn(first, batch(clean, HALF, 0, 1, 2, 3, 4, 5), 0.05, step, 3);
        double same = learn(second, batch(poisoned, HALF, 0, 1, 2, 3, 4, 5), 0.05, step, 3);
        assertTrue(Double.isFinite(loss), "loss " + loss);
        assertEquals(loss, same);
      }
      for (int i = 0; i < first.store().groups().size(); i++) {
        assertArrayEquals(
            values(first.store().groups().get(i)), values(second.store().groups().get(i)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("systems")
  void aModalityThatNoSampleHasDoesNotMove(LearningSystem<?> system) {
    MultimodalData data = Toy.data(SAMPLES, 1, 1);
    byte[] noImage = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    try (Learner learner = learner(system, data)) {
      // with momentum in everything first
      learn(learner, batch(data, HALF, 0, 1, 2, 3, 4, 5), 0.05, 0, 3);
      double[][] image = values(group(learner, "image"));
      double[][] audio = values(group(learner, "audio"));
      double loss = learn(learner, batch(data, noImage, 0, 1, 2, 3), 0.05, 1, 3);
      assertTrue(Double.isFinite(loss), "loss " + loss);
      assertArrayEquals(image, values(group(learner, "image")));
      assertFalse(Arrays.deepEquals(audio, values(group(learner, "audio"))), "audio stood still");
    }
  }

  @ParameterizedTest
  @MethodSource("systems")
  void aBatchOfOneWorks(LearningSystem<?> system) {
    MultimodalData data = Toy.data(SAMPLES, 1, 1);
    try (Learner learner = learner(system, data)) {
      for (int sample = 0; sample < SAMPLES; sample++) {
        double loss = learn(learner, batch(data, HALF, sample), 0.05, sample, SAMPLES);
        assertTrue(Double.isFinite(loss), "sample " + sample + ": loss " + loss);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("systems")
  void aLossThatIsNoNumberIsTold(LearningSystem<?> system) {
    MultimodalData data = Toy.data(SAMPLES, 1, 1);
    try (Learner learner = learner(system, data)) {
      Arrays.fill(data.modalities().get(1).rows()[0], Float.NaN);
      Batch batch = batch(data, HALF, 0, 3);
      // it would spoil the projector, the codebook
      if (List.of("mla", "cmg").contains(system.name())) {
        LacunaException e =
            assertThrows(LacunaException.class, () -> learn(learner, batch, 0.05, 0, 1));
        assertEquals(Status.NON_FINITE, e.status());
      } else {
        double loss = learn(learner, batch, 0.05, 0, 1);
        assertTrue(Double.isNaN(loss), "loss " + loss);
      }
    }
  }

  static Stream<LearningSystem<?>> convolving() {
    return systems().filter(system -> !system.name().equals("cmg"));
  }

  @ParameterizedTest
  @MethodSource("convolving")
  void aPictureTooSmallForTheEncoderIsNamed(LearningSystem<?> system) {
    Modality dot = new Modality("dot", 1, 3, 9, new float[2][27]);
    MultimodalData toy = Toy.data(2, 0, 0);
    MultimodalData data =
        new MultimodalData(
            "small",
            List.of(dot, toy.modalities().get(1)),
            Toy.CLASSES,
            toy.train(),
            toy.train(),
            toy.train(),
            null);
    String message =
        assertThrows(IllegalArgumentException.class, () -> learner(system, data)).getMessage();
    assertTrue(message.contains("dot is 3 x 9, want at least 4 x 4"), message);
  }
}
