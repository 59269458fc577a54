package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import org.junit.jupiter.api.Test;

/** What the loss is where it can be said in closed form, and what it refuses. */
final class BinaryCrossEntropyOpTest {
  private static Context open() {
    return Lacuna.open(Device.parse("reference-f64"));
  }

  @Test
  void ofATargetThatIsTheProbabilityItIsTheEntropyAndItsGradientIsZero() {
    double p = 0.2;
    double z = Math.log(p / (1 - p));
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor logits = tape.input(new double[] {z, -z}, 1, 2).requiresGrad();
      Tensor targets = tape.input(new double[] {p, 1 - p}, 1, 2);
      Tensor loss = BinaryCrossEntropyOp.bceWithLogits(logits, targets);
      loss.backward();
      double entropy = -p * Math.log(p) - (1 - p) * Math.log(1 - p);
      assertEquals(entropy, loss.toDoubleArray()[0], 1e-15);
      assertArrayEquals(new double[2], logits.gradAsDoubles(), 1e-16);
    }
  }

  @Test
  void logitsOfAnySizeHaveAFiniteLoss() {
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor logits = tape.input(new double[] {1e300, -1e300, 2000, -2000}, 2, 2).requiresGrad();
      Tensor targets = tape.input(new double[] {1, 0, 0, 1}, 2, 2);
      Tensor loss = BinaryCrossEntropyOp.bceWithLogits(logits, targets);
      loss.backward();
      assertEquals(1000, loss.toDoubleArray()[0], 1e-10);
      assertArrayEquals(new double[] {0, 0, 0.25, -0.25}, logits.gradAsDoubles());
    }
  }

  @Test
  void targetsMayComeFromWhatLearnsAndGetNoGradient() {
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor logits = tape.input(new double[] {0, 0}, 1, 2);
      Tensor targets = tape.input(new double[] {1, 0.25}, 1, 2).requiresGrad();
      BinaryCrossEntropyOp.bceWithLogits(logits, targets).backward();
      assertThrows(IllegalArgumentException.class, targets::gradAsDoubles);
      Tensor learned = tape.input(new double[] {0, 0}, 1, 2).requiresGrad();
      BinaryCrossEntropyOp.bceWithLogits(learned, targets).backward();
      assertArrayEquals(new double[] {-0.25, 0.125}, learned.gradAsDoubles());
      assertThrows(IllegalArgumentException.class, targets::gradAsDoubles);
    }
  }

  @Test
  void badTargetsAreNamed() {
    for (double bad : new double[] {-0.1, 1.5, Double.NaN}) {
      try (Context context = open();
          Tape tape = new Tape(context)) {
        Tensor logits = tape.input(new double[6], 2, 3);
        Tensor targets = tape.input(new double[] {0, 1, 0.5, 1, bad, 0}, 2, 3);
        assertEquals(
            "bce_logits_fwd: target[1, 1] is " + bad + ", want 0 to 1", refusal(logits, targets));
      }
    }
  }

  @Test
  void targetsOfAnotherShapeAndNoElementsAreRefused() {
    try (Context context = open();
        Tape tape = new Tape(context)) {
      Tensor logits = tape.input(new double[6], 2, 3);
      assertEquals(
          "bce_with_logits: targets is [3, 2], want [2, 3]",
          refusal(logits, tape.input(new double[6], 3, 2)));
      Tensor nothing = tape.input(new double[0], 0, 3);
      assertEquals(
          "bce_logits_fwd: logits are [0, 3], want at least [1, 1]", refusal(nothing, nothing));
    }
  }

  private static String refusal(Tensor logits, Tensor targets) {
    LacunaException e =
        assertThrows(
            LacunaException.class, () -> BinaryCrossEntropyOp.bceWithLogits(logits, targets));
    assertEquals(Status.INVALID_ARGUMENT, e.status());
    return e.getMessage();
  }
}
