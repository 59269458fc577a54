package dev.lacuna.training.mla;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.loop.TrainingOptions;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MlaLearnerTest {
  private static final byte[] HALF = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0};

  private final Context context = Lacuna.open(Device.parse("reference"));
  private final Tape tape = new Tape(context);
  private final MultimodalData data = Toy.data(6, 1, 1);

  @AfterEach
  void close() {
    tape.close();
    context.close();
  }

  private MlaLearner learner(Projection projection) {
    return new MlaLearner(
        context, data, TrainingOptions.DEFAULT, MlaOptionsTest.with(8, 1, projection), 0);
  }

  private void learn(MlaLearner learner) {
    Batch batch =
        new Batch(
            data,
            data.train(),
            new Presence(6, 2, HALF),
            new int[] {0, 1, 2, 3, 4, 5},
            RandomShift.none(2));
    try (Losses losses = new Losses(context, 1, 2)) {
      learner.learn(tape, batch, 0.05, 0, 1, losses);
    }
  }

  private static double[][] values(MlaLearner learner, String group) {
    return learner.store().groups().stream()
        .filter(g -> g.name().equals(group))
        .flatMap(g -> g.parameters().stream())
        .map(Parameter::get)
        .toArray(double[][]::new);
  }

  @Test
  void theAblationWithoutProjectionIsAnotherRun() {
    try (MlaLearner rls = learner(Projection.RLS);
        MlaLearner none = learner(Projection.NONE)) {
      assertArrayEquals(values(rls, "head"), values(none, "head"));
      learn(rls);
      learn(none);
      assertFalse(
          Arrays.deepEquals(values(rls, "head"), values(none, "head")),
          "projection changed nothing");
      assertArrayEquals(values(rls, "image"), values(none, "image"));
    }
  }
}
