package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory, streams and time of a device that others use too. */
final class GpuSharingTest {
  static Stream<Target> devices() {
    return Target.REQUIRED.stream().filter(Target::isDevice);
  }

  static Stream<Target> natives() {
    return Target.natives().stream();
  }

  private static final int AFFINE = 4;

  /** out = 2 x + 1 of four numbers. */
  private static OpCall affine(Memory x, Memory out) {
    OpCall call = new OpCall(ElementwiseFwd.OP).set(ElementwiseFwd.N, 1).set(ElementwiseFwd.D, 4);
    call.set(ElementwiseFwd.CODE, AFFINE).set(ElementwiseFwd.LD_X, 4).set(ElementwiseFwd.LD_OUT, 4);
    call.set(ElementwiseFwd.ALPHA, 2.0).set(ElementwiseFwd.BETA, 1.0);
    return call.tensor(ElementwiseFwd.X, x, 0).tensor(ElementwiseFwd.OUT, out, 0);
  }

  @ParameterizedTest
  @MethodSource("natives")
  void memoryOfAnotherOwnerIsUsedInPlaceAndLeftToIt(Target target) {
    try (Context owner = target.open();
        Context context = target.open()) {
      Memory theirs = owner.allocate(32);
      owner.write(theirs, 0, new double[] {1, 2, 3, 4});
      owner.synchronize();
      Memory adopted = context.adopt(theirs.address(), 32);
      assertEquals(theirs.address(), adopted.address());
      context.run(affine(adopted.slice(0, 16), adopted.slice(16, 16)));
      context.synchronize();
      assertArrayEquals(new double[] {3, 5, 7, 9}, owner.read(theirs, 16, 4));

      context.free(adopted);
      assertTrue(adopted.isFreed());
      refused(Status.INVALID_ARGUMENT, "freed", () -> context.read(adopted, 0, 4));
      assertFalse(theirs.isFreed());
      assertArrayEquals(new double[] {1, 2, 3, 4}, owner.read(theirs, 0, 4));
      owner.free(theirs);
    }
  }

  @ParameterizedTest
  @MethodSource("natives")
  void aContextThatIsClosedLeavesAdoptedMemoryToItsOwner(Target target) {
    try (Context owner = target.open()) {
      Memory theirs = owner.allocate(16);
      owner.write(theirs, 0, new double[] {1, 2, 3, 4});
      owner.synchronize();
      Memory adopted;
      try (Context context = target.open()) {
        adopted = context.adopt(theirs.address(), 16);
      }
      assertTrue(adopted.isFreed());
      assertArrayEquals(new double[] {1, 2, 3, 4}, owner.read(theirs, 0, 4));
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("devices")
  void whatIsNoMemoryOfTheDeviceIsRefused(Target target) {
    try (Context owner = target.open();
        Context context = target.open()) {
      Memory theirs = owner.allocate(64);
      refused(Status.INVALID_ARGUMENT, "adopt", () -> context.adopt(0, 16));
      refused(Status.INVALID_ARGUMENT, "adopt", () -> context.adopt(0x1234_5600L, 16));
      refused(Status.INVALID_ARGUMENT, "adopt", () -> context.adopt(theirs.address(), 0));
      refused(Status.INVALID_ARGUMENT, "adopt", () -> context.adopt(theirs.address(), -1));
      refused(Status.INVALID_ARGUMENT, "adopt", () -> context.adopt(theirs.address(), 1L << 40));
      refused(Status.INVALID_ARGUMENT, "adopt", () -> owner.adopt(theirs.address(), 16));
      Memory adopted = context.adopt(theirs.address(), 64);
      refused(Status.INVALID_ARGUMENT, "adopt", () -> context.adopt(theirs.address() + 16, 16));
      context.free(adopted);
      context.free(context.adopt(theirs.address() + 16, 16));
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("devices")
  void workGoesToTheStreamOfAnotherOwner(Target target) {
    try (Context owner = target.open();
        Context context = target.open()) {
      long own = context.stream();
      assertNotEquals(0, own);
      assertNotEquals(own, owner.stream());
      Memory theirs = owner.allocate(32);
      Memory adopted = context.adopt(theirs.address(), 32);
      context.useStream(owner.stream());
      assertEquals(owner.stream(), context.stream());
      // On one stream nobody has to wait: the op comes after the write, the read after the op.
      owner.write(theirs, 0, new double[] {1, 2, 3, 4});
      context.run(affine(adopted.slice(0, 16), adopted.slice(16, 16)));
      assertArrayEquals(new double[] {3, 5, 7, 9}, owner.read(theirs, 16, 4));
      context.useStream(0);
      assertEquals(own, context.stream());
      refused(Status.INVALID_ARGUMENT, "use_stream", () -> context.useStream(0x1234_5600L));
    }
  }

  @ParameterizedTest
  @MethodSource("natives")
  void aTimerMeasuresWhatRuns(Target target) {
    try (Context context = target.open()) {
      Memory memory = context.allocate(32);
      context.write(memory, 0, new double[8]);
      refused(Status.INVALID_ARGUMENT, "timer_stop", context::stopTimer);
      context.startTimer();
      context.run(affine(memory.slice(0, 16), memory.slice(16, 16)));
      double milliseconds = context.stopTimer();
      assertTrue(milliseconds >= 0 && milliseconds < 10_000, milliseconds + " ms");
      refused(Status.INVALID_ARGUMENT, "timer_stop", context::stopTimer);
    }
  }

  @ParameterizedTest
  @MethodSource("natives")
  void copiesWithinADeviceKeepTheirOrder(Target target) {
    try (Context context = target.open()) {
      Memory memory = context.allocate(64);
      context.write(memory, 0, new double[] {1, 2, 3, 4});
      context.copy(memory, 20, memory, 4, 12);
      context.write(memory, 4, new double[] {0, 0, 0});
      assertArrayEquals(new double[] {1, 0, 0, 0}, context.read(memory, 0, 4));
      assertArrayEquals(new double[] {2, 3, 4}, context.read(memory, 20, 3));
      refused(Status.INVALID_ARGUMENT, "bytes", () -> context.copy(memory, 60, memory, 0, 8));
    }
  }

  @Test
  void theReferenceAndTheCpuSayWhatTheyHaveNot() {
    try (Context context = Target.floatReference().open()) {
      refused(Status.UNSUPPORTED, "reference has no streams", context::stream);
      refused(Status.UNSUPPORTED, "reference has no", () -> context.adopt(64, 64));
      refused(Status.UNSUPPORTED, "reference has no", context::startTimer);
    }
    for (Target target : Target.natives()) {
      if (!target.isDevice()) {
        try (Context context = target.open()) {
          refused(Status.UNSUPPORTED, "stream", context::stream);
          refused(Status.UNSUPPORTED, "stream", () -> context.useStream(0));
        }
      }
    }
  }

  private static void refused(Status status, String word, Runnable call) {
    LacunaException e = assertThrows(LacunaException.class, call::run);
    assertEquals(status, e.status(), e.getMessage());
    assertTrue(e.getMessage().contains(word), e.getMessage());
  }
}
