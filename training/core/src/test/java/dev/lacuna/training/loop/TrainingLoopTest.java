package dev.lacuna.training.loop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.mla.MlaLearner;
import dev.lacuna.training.mla.MlaOptionsTest;
import dev.lacuna.training.progress.PlainProgress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TrainingLoopTest {
  private static final int TRAIN = 7;
  private static final int STEPS = 4; // of at most 2 samples

  /** Validation labels are 1, 2, 0, 1: class 1 is right for half of them, the others for less. */
  private final MultimodalData data = Toy.data(TRAIN, 4, 3);

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  /** Counts its steps in its one parameter and says the class that its script has for the epoch. */
  private class Scripted implements Learner {
    final ParameterStore store = new ParameterStore(context);
    final Parameter count = store.group("model").add("count", i -> 0, 1);
    final int[] classOfEpoch;
    final List<int[]> batches = new ArrayList<>();
    final List<Double> rates = new ArrayList<>();
    int badStep = -1;

    Scripted(int... classOfEpoch) {
      this.classOfEpoch = classOfEpoch;
    }

    int seen() {
      return (int) count.get()[0];
    }

    @Override
    public void learn(
        Tape reset, Batch batch, double learningRate, int step, int steps, Losses losses) {
      batches.add(batch.samples());
      rates.add(learningRate);
      double loss = seen() == badStep ? Double.NaN : seen();
      count.set(new double[] {seen() + 1});
      reset.reset();
      losses.add(reset.input(new double[] {loss}, 1));
    }

    @Override
    public Outputs outputs(Tape tape, MultimodalData samples, Split split) {
      return UnimodalOutputs.of(
          (modality, x) -> logits(x),
          (logits, entropy, presence) -> Fusion.fuse(Fusion.Mode.FIXED, logits, entropy, presence),
          tape,
          samples,
          split);
    }

    private Tensor logits(Tensor x) {
      int rows = (int) x.size(0);
      float[] logits = new float[rows * Toy.CLASSES];
      int said = classOfEpoch[(seen() - 1) / STEPS];
      for (int i = 0; i < rows; i++) {
        logits[i * Toy.CLASSES + said] = 1;
      }
      return x.tape().input(logits, rows, Toy.CLASSES);
    }

    @Override
    public ParameterStore store() {
      return store;
    }

    @Override
    public void save(String prefix, SafeTensors file) {
      store.save(prefix, file);
    }

    @Override
    public void load(String prefix, SafeTensors file) {
      store.load(prefix, file);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private static TrainingOptions options(int epochs, int batch, double rate, String shift) {
    return new TrainingOptions(epochs, batch, rate, 0.9, 1e-4, Sgd.Decay.DECOUPLED, shift);
  }

  private TrainingLoop.Run run(Learner learner, int epochs, int batch, long seed) {
    return TrainingLoop.run(
        learner,
        tape,
        data,
        Presence.complete(TRAIN, 2),
        options(epochs, batch, 0.4, "none"),
        seed,
        "toy",
        new PlainProgress(new PrintStream(said, true, UTF_8)));
  }

  @Test
  void theParametersOfTheFirstBestEpochAreKept() {
    try (Scripted learner = new Scripted(0, 1, 1, 2)) {
      TrainingLoop.Run run = run(learner, 4, 2, 0);
      assertEquals(2, run.best().epoch());
      assertEquals(0.5, run.best().validation());
      assertEquals(List.of(1, 2, 3, 4), run.epochs().stream().map(e -> e.epoch()).toList());
      assertEquals(
          List.of(0.25, 0.5, 0.5, 0.25), run.epochs().stream().map(e -> e.validation()).toList());
      assertEquals(1.5, run.epochs().getFirst().loss()); // the mean of 0, 1, 2, 3
      assertEquals(2 * STEPS, learner.seen());
    }
    assertTrue(said.toString(UTF_8).contains("toy 16/16"), said.toString(UTF_8));
  }

  @Test
  void epochsBeforeAllPartsLearnAreNotChosen() {
    try (Scripted learner =
        new Scripted(0, 1, 2, 2) {
          @Override
          public int firstChoice() {
            return 3;
          }
        }) {
      TrainingLoop.Run run = run(learner, 4, 2, 0);
      assertEquals(
          List.of(0.25, 0.5, 0.25, 0.25), run.epochs().stream().map(e -> e.validation()).toList());
      assertEquals(3, run.best().epoch());
    }
  }

  @Test
  void everyEpochShowsEverySampleOnceInAnotherOrder() {
    List<int[]> first = order(3);
    assertEquals(3, first.size());
    for (int[] epoch : first) {
      assertArrayEquals(
          IntStream.range(0, TRAIN).toArray(), Arrays.stream(epoch).sorted().toArray());
    }
    assertFalse(Arrays.equals(first.get(0), first.get(1)), "epochs 1 and 2 have one order");
    assertArrayEquals(first.toArray(), order(3).toArray());
    assertFalse(Arrays.deepEquals(first.toArray(), order(4).toArray()), "seeds 3 and 4");
  }

  private List<int[]> order(long seed) {
    try (Scripted learner = new Scripted(0, 1, 2)) {
      run(learner, 3, 2, seed);
      List<int[]> epochs = new ArrayList<>();
      for (int e = 0; e < 3; e++) {
        epochs.add(
            learner.batches.subList(e * STEPS, (e + 1) * STEPS).stream()
                .flatMapToInt(Arrays::stream)
                .toArray());
      }
      return epochs;
    }
  }

  @Test
  void theLearningRateFallsAlongACosine() {
    try (Scripted learner = new Scripted(0, 1)) {
      run(learner, 2, 2, 0);
      for (int step = 0; step < 2 * STEPS; step++) {
        double wanted = 0.4 * (1 + Math.cos(Math.PI * step / (2 * STEPS))) / 2;
        assertEquals(wanted, learner.rates.get(step), 1e-15);
      }
    }
  }

  @Test
  void batchesOfOneAndLargerThanTheDataWork() {
    try (Scripted learner = new Scripted(0, 0)) {
      run(learner, 1, 1, 0);
      assertEquals(TRAIN, learner.batches.size());
    }
    try (Scripted learner = new Scripted(0)) {
      run(learner, 1, Integer.MAX_VALUE, 0);
      assertEquals(1, learner.batches.size());
      assertEquals(TRAIN, learner.batches.getFirst().length);
    }
  }

  @Test
  void aLossThatIsNoNumberIsAClearError() {
    try (Scripted learner = new Scripted(0, 0)) {
      learner.badStep = STEPS + 1;
      LacunaException error = assertThrows(LacunaException.class, () -> run(learner, 2, 2, 0));
      assertEquals(Status.NON_FINITE, error.status());
      assertTrue(
          error.getMessage().contains("epoch 2 diverges: the loss is NaN in step 1"),
          error.getMessage());
      assertTrue(error.getMessage().contains("--learning-rate than 0.4"), error.getMessage());
    }
  }

  @Test
  void aSeedDecidesTheRun() {
    List<Object> first = trained(0, "image=1,audio=2");
    assertEquals(first, trained(0, "image=1,audio=2"));
    assertNotEquals(first, trained(1, "image=1,audio=2"));
    assertNotEquals(first, trained(0, "none"));
  }

  private Learner mla(MultimodalData samples, long seed) {
    return new MlaLearner(
        context, samples, options(1, 4, 0.05, "none"), MlaOptionsTest.SMALL, seed);
  }

  /** Losses, accuracies and parameters of a short run of MLA. */
  private List<Object> trained(long seed, String shift) {
    MultimodalData samples = Toy.data(18, 6, 6);
    try (Learner learner = mla(samples, seed)) {
      TrainingLoop.Run run =
          TrainingLoop.run(
              learner,
              tape,
              samples,
              samples.train().presence(),
              options(2, 4, 0.05, shift),
              seed,
              "toy",
              new PlainProgress(new PrintStream(said, true, UTF_8)));
      List<Object> found = new ArrayList<>();
      run.epochs().forEach(e -> found.addAll(List.of(e.loss(), e.validation())));
      learner.store().parameters().forEach(p -> found.add(Arrays.toString(p.get())));
      return found;
    }
  }

  @Test
  void mlaLearnsTheToyData() {
    MultimodalData samples = Toy.data(60, 30, 3);
    try (Learner learner = mla(samples, 0)) {
      TrainingLoop.Run run =
          TrainingLoop.run(
              learner,
              tape,
              samples,
              samples.train().presence(),
              options(10, 8, 0.02, "none"),
              0,
              "toy",
              new PlainProgress(new PrintStream(said, true, UTF_8)));
      assertTrue(run.best().validation() > 0.9, run.toString());
    }
  }
}
