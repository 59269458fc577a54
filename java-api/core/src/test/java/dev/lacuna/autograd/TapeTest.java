package dev.lacuna.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.ReduceOp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When gradients are written, kept and forgotten. */
final class TapeTest {
  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);
  private final ParameterGroup group = store.group("g");
  private final Parameter w = group.add("w", i -> i + 1, 3);
  private final Parameter unused = group.add("unused", i -> 7, 2);
  private final Tape tape = new Tape(context);

  @AfterEach
  void close() {
    tape.close();
    store.close();
    context.close();
  }

  private static Tensor sum(Tensor x) {
    return ReduceOp.sum(x, ReduceOp.Over.ALL);
  }

  /** Sum of scale w: its gradient is scale everywhere. */
  private Tensor scaled(double scale) {
    return sum(ElementwiseOp.affine(tape.use(w), scale, 0));
  }

  @Test
  void parametersAccumulateUntilZeroGrad() {
    scaled(2).backward();
    assertArrayEquals(new double[] {2, 2, 2}, w.grad());
    tape.reset();
    scaled(3).backward();
    assertArrayEquals(new double[] {5, 5, 5}, w.grad());
    store.zeroGrad();
    assertFalse(w.hasGradient());
    assertThrows(IllegalArgumentException.class, w::grad);
    tape.reset();
    scaled(4).backward();
    assertArrayEquals(new double[] {4, 4, 4}, w.grad());
  }

  @Test
  void severalBackwardCallsOnOneTapeAddUp() {
    Tensor x = tape.input(new double[] {1, 2, 3}, 3).requiresGrad();
    Tensor y = ElementwiseOp.mul(x, tape.use(w));
    Tensor one = sum(y);
    Tensor two = sum(ElementwiseOp.affine(y, 10, 0));
    one.backward();
    assertArrayEquals(new double[] {1, 1, 1}, y.gradAsDoubles());
    two.backward();
    // Intermediate gradients belong to one call, those of leaves add up.
    assertArrayEquals(new double[] {10, 10, 10}, y.gradAsDoubles());
    assertArrayEquals(new double[] {11, 22, 33}, x.gradAsDoubles());
    assertArrayEquals(new double[] {11, 22, 33}, w.grad());
    one.backward();
    assertArrayEquals(new double[] {12, 24, 36}, w.grad());
  }

  @Test
  void aParameterUsedTwiceReceivesBothGradients() {
    sum(ElementwiseOp.mul(tape.use(w), tape.use(w))).backward();
    assertArrayEquals(new double[] {2, 4, 6}, w.grad());
  }

  @Test
  void aParameterThatTheLossDoesNotDependOnHasNoGradient() {
    tape.use(unused);
    scaled(1).backward();
    assertTrue(w.hasGradient());
    assertFalse(unused.hasGradient());
  }

  @Test
  void viewsShareTheirGradient() {
    Tensor x = tape.input(new double[] {1, 2, 3, 4, 5, 6}, 2, 3).requiresGrad();
    Tensor view = x.reshape(3, 2);
    sum(ElementwiseOp.add(
            ElementwiseOp.affine(x, 2, 0).flatten(), ElementwiseOp.mul(view, view).reshape(2, 3)))
        .backward();
    double[] wanted = {4, 6, 8, 10, 12, 14};
    assertArrayEquals(wanted, x.gradAsDoubles());
    assertArrayEquals(wanted, view.gradAsDoubles());
    assertArrayEquals(new long[] {3, 2}, view.shape());
  }

  @Test
  void detachStopsTheGradient() {
    Tensor x = tape.input(new double[] {1, 2, 3}, 3).requiresGrad();
    sum(ElementwiseOp.mul(x, x.detach())).backward();
    assertArrayEquals(new double[] {1, 2, 3}, x.gradAsDoubles());
    assertThrows(IllegalArgumentException.class, () -> sum(x.detach()).backward());
  }

  @Test
  void nothingIsRecordedWithoutGradients() {
    tape.withoutGradients(
        () -> assertThrows(IllegalArgumentException.class, () -> scaled(1).backward()));
    assertFalse(w.hasGradient());
    assertThrows(
        IllegalStateException.class,
        () ->
            tape.withoutGradients(() -> {
              throw new IllegalStateException();
            }));
    scaled(1).backward();
    assertTrue(w.hasGradient(), "recording goes on after an exception");
  }

  @Test
  void inputsHaveAGradientOnlyIfTheyAskForIt() {
    Tensor silent = tape.input(new double[] {1, 2, 3}, 3);
    Tensor asking = tape.input(new double[] {1, 2, 3}, 3).requiresGrad();
    sum(ElementwiseOp.mul(silent, asking)).backward();
    assertArrayEquals(new double[] {1, 2, 3}, asking.gradAsDoubles());
    assertThrows(IllegalArgumentException.class, silent::grad);
  }

  @Test
  void aBranchThatDoesNotReachTheLossIsSkipped() {
    Tensor x = tape.input(new double[] {1, 2, 3}, 3).requiresGrad();
    ElementwiseOp.mul(x, tape.use(w));
    sum(x).backward();
    assertArrayEquals(new double[] {1, 1, 1}, x.gradAsDoubles());
    assertFalse(w.hasGradient());
  }

  @Test
  void backwardNeedsAScalarThatDependsOnSomething() {
    Tensor x = tape.input(new double[] {1, 2, 3}, 3).requiresGrad();
    assertThrows(IllegalArgumentException.class, x::backward);
    assertThrows(IllegalArgumentException.class, () -> tape.input(new double[] {1}, 1).backward());
    assertThrows(IllegalArgumentException.class, () -> tape.input(new int[] {1}, 1).requiresGrad());
    assertThrows(IllegalArgumentException.class, () -> ElementwiseOp.relu(x).requiresGrad());
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    Tensor x = tape.input(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    LacunaException e =
        assertThrows(
            LacunaException.class, () -> LinearOp.linear(x, tape.input(new double[4], 2, 2), null));
    assertEquals("linear: w is [2, 2], want [o, 3] to match x", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> x.reshape(4, 2));
    assertThrows(IllegalArgumentException.class, () -> tape.input(new double[5], 2, 3));
    assertThrows(IllegalArgumentException.class, () -> tape.input(new double[0], -1));
    assertThrows(IllegalArgumentException.class, () -> tape.input(new double[1], 1, 1, 1, 1, 1));
    assertThrows(IllegalArgumentException.class, x::item);
    assertThrows(IllegalArgumentException.class, x::toIntArray);
  }

  @Test
  void aLongTapeGrowsAndKeepsItsGradients() {
    Tensor x = tape.input(new double[] {1}, 1).requiresGrad();
    Tensor y = x;
    for (int i = 0; i < 1000; i++) {
      y = ElementwiseOp.affine(y, 1, 1);
    }
    y.backward();
    assertEquals(1001, y.item());
    assertArrayEquals(new double[] {1}, x.gradAsDoubles());
    long capacity = tape.capacity();
    tape.reset();
    tape.input(new double[] {1}, 1);
    assertEquals(capacity, tape.capacity());
  }

  @Test
  void declarationsEndWithTheFirstUse() {
    tape.use(w);
    assertThrows(IllegalStateException.class, () -> group.add("late", i -> 0, 1));
    assertThrows(IllegalStateException.class, () -> store.group("late"));
  }

  @Test
  void namesAreUniqueAndExtentsPositive() {
    assertThrows(IllegalArgumentException.class, () -> store.group("g"));
    assertThrows(IllegalArgumentException.class, () -> group.add("w", i -> 0, 1));
    assertThrows(IllegalArgumentException.class, () -> group.add("empty", i -> 0, 3, 0));
    assertEquals("g.w", w.name());
    assertEquals(5, store.count());
  }

  @Test
  void onlyOneContextTrainsAStoreUntilItReleasesTheLease() {
    scaled(1).backward();
    try (Context other = context.sibling();
        Tape elsewhere = new Tape(other)) {
      Tensor loss = sum(elsewhere.use(w));
      assertEquals(6, loss.item());
      assertThrows(LacunaException.class, loss::backward);
      store.releaseLease();
      loss.backward();
      assertArrayEquals(new double[] {2, 2, 2}, w.grad());
    }
  }
}
