package dev.lacuna.training.mla;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.Toy;
import dev.lacuna.training.mla.MlaOptions.Method;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The baseline's loss in double precision, on four samples of which two lack a modality. */
class LateFusionLearnerTest {
  private static final byte[] TABLE = {1, 1, 0, 1, 1, 0, 1, 1};
  private static final int[] SAMPLES = {0, 1, 2, 3};

  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final Tape tape = new Tape(context);
  private final MultimodalData data = Toy.data(4, 1, 1);
  private final Batch batch =
      new Batch(data, data.train(), new Presence(4, 2, TABLE), SAMPLES, RandomShift.none(2));
  private final LateFusionLearner learner =
      new LateFusionLearner(
          context, data, MlaOptionsTest.options(Method.LATE_FUSION, Projection.NONE), 3);

  @AfterEach
  void close() {
    learner.close();
    tape.close();
    context.close();
  }

  @Test
  void theLossIsTheCrossEntropyOfTheMeanOfWhatIsPresent() {
    double[][] sum = new double[4][Toy.CLASSES];
    int[] present = new int[4];
    for (int m = 0; m < 2; m++) {
      tape.reset();
      int[] positions = batch.positions(m);
      double[] logits = learner.logits(m, batch.inputs(tape, m, positions)).toDoubleArray();
      for (int i = 0; i < positions.length; i++) {
        present[positions[i]]++;
        for (int c = 0; c < Toy.CLASSES; c++) {
          sum[positions[i]][c] += logits[i * Toy.CLASSES + c];
        }
      }
    }
    double wanted = 0;
    for (int i = 0; i < 4; i++) {
      double exponentials = 0;
      for (double logit : sum[i]) {
        exponentials += Math.exp(logit / present[i]);
      }
      wanted += (Math.log(exponentials) - sum[i][data.train().labels()[i]] / present[i]) / 4;
    }
    tape.reset();
    assertEquals(wanted, learner.loss(tape, batch).toDoubleArray()[0], 1e-12);
  }

  @Test
  void gradientsAreThoseOfCentralDifferences() {
    // the many weights of the second convolution are checked with the op itself
    List<Parameter> checked =
        learner.store().parameters().stream()
            .filter(p -> !p.name().endsWith("conv2.weight"))
            .toList();
    assertEquals(learner.store().parameters().size() - 2, checked.size());
    double error = GradCheck.maxError(tape, checked, t -> learner.loss(t, batch));
    assertTrue(error < 1e-7, "error " + error);
  }
}
