package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Tape;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.Corrupted;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Part;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a system says of a sample does not hang on what else is evaluated, nor in which order. */
final class EvaluationOrderTest {
  private static final int SAMPLES = 70;
  private static final int TRAINING = 10;
  private static final int CLASSES = 4;
  private static final TrainingOptions OPTIONS =
      new TrainingOptions(1, 4, 0.05, 0.9, 1e-4, Sgd.Decay.DECOUPLED, "none");

  static Stream<Arguments> targetsAndSystems() {
    return Target.REQUIRED.stream()
        .flatMap(target -> Systems.ALL.stream().map(system -> Arguments.of(target, system)));
  }

  private static Modality modality(String name, int height, int width, int stream) {
    CounterRandom random = new CounterRandom(5, stream, 0);
    float[][] rows = new float[TRAINING + SAMPLES][height * width];
    for (int i = 0; i < rows.length * height * width; i++) {
      rows[i / (height * width)][i % (height * width)] = (float) random.normal(i);
    }
    return new Modality(name, 1, height, width, rows);
  }

  private static Split split(String name, int from, int to) {
    int[] rows = IntStream.range(from, to).toArray();
    int[] labels = Arrays.stream(rows).map(i -> i % CLASSES).toArray();
    return new Split(name, labels, new int[][] {rows, rows.clone()});
  }

  private static MultimodalData data() {
    Split train = split("train", 0, TRAINING);
    Split test = split("test", TRAINING, TRAINING + SAMPLES);
    return new MultimodalData(
        "random",
        List.of(modality("image", 6, 7, 0), modality("audio", 8, 5, 1)),
        CLASSES,
        train,
        train,
        test,
        null);
  }

  @ParameterizedTest
  @MethodSource("targetsAndSystems")
  void aSampleWithNoiseIsJudgedTheSameInEveryCompanyToTheBit(
      Target target, LearningSystem<?> system) {
    Corrupted corrupted = Corrupted.of(data(), Part.TEST, 3);
    try (Context context = target.open();
        Tape tape = new Tape(context);
        Learner learner = learner(context, corrupted.data(), system)) {
      double[][] wanted = logits(learner, tape, corrupted.data(), corrupted.split());
      assertNotEquals(Arrays.toString(wanted[0]), Arrays.toString(wanted[1]));
      for (int[] chosen : choices()) {
        double[][] got = logits(learner, tape, corrupted.data(), corrupted.split().select(chosen));
        for (int i = 0; i < chosen.length; i++) {
          assertArrayEquals(wanted[chosen[i]], got[i], "sample " + chosen[i]);
        }
      }
    }
  }

  private static List<int[]> choices() {
    return List.of(
        IntStream.range(0, SAMPLES).map(i -> SAMPLES - 1 - i).toArray(),
        new CounterRandom(1, 0, 0).permutation(SAMPLES),
        new int[] {0},
        new int[] {SAMPLES - 1},
        new int[] {7, 69, 3, 3, 64},
        IntStream.range(1, 1 + 63).toArray(),
        IntStream.range(3, 3 + 65).toArray());
  }

  private static <O extends Record> Learner learner(
      Context context, MultimodalData data, LearningSystem<O> system) {
    return system.learner(context, data, OPTIONS, system.defaults(), 0);
  }

  private static double[][] logits(Learner learner, Tape tape, MultimodalData data, Split split) {
    Outputs outputs = learner.outputs(tape, data, split);
    return outputs.logits(split.presence());
  }
}
