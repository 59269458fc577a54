package dev.lacuna.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The back end that is always there. */
final class ReferenceBackendTest {
  @ParameterizedTest
  @ValueSource(strings = {"reference", "reference-f64"})
  void everyOpIsThere(String name) {
    try (Context context = Lacuna.open(Device.parse(name))) {
      assertEquals(name, context.backend());
      for (OpLayout op : OpLayouts.ALL) {
        assertTrue(context.supports(op), op.name() + " has no reference: add it to ReferenceOps");
      }
    }
  }

  /** Guards against a twin that is double in disguise, and against one in float. */
  @Test
  void theTwinsComputeInTheirOwnPrecision() {
    assertEquals(1.0, roundTrip("reference-f64"));
    assertEquals(0.0, roundTrip("reference"));
  }

  private static double roundTrip(String backend) {
    try (Context context = Lacuna.open(Device.parse(backend));
        Tape tape = new Tape(context)) {
      Tensor sum = ElementwiseOp.affine(tape.input(new double[] {1}, 1), 1, 1e9);
      return ElementwiseOp.affine(sum, 1, -1e9).toDoubleArray()[0];
    }
  }

  @Test
  void memoryIsAlignedAndFreedOnce() {
    ReferenceBackend backend = new ReferenceBackend(DType.F32);
    Memory memory = backend.allocate(100);
    assertEquals(0, memory.address() % 64);
    assertEquals(100, memory.bytes());
    float[] numbers = {1, 2, 3};
    backend.upload(memory, 8, MemorySegment.ofArray(numbers), 12);
    float[] back = new float[2];
    backend.download(MemorySegment.ofArray(back), memory, 12, 8);
    assertArrayEquals(new float[] {2, 3}, back);
    backend.free(memory);
    assertThrows(IllegalArgumentException.class, () -> backend.free(memory));
    backend.close();
  }

  @Test
  void copiesOutsideTheMemoryAreRefused() {
    try (Context context = Lacuna.open(Device.parse("reference"))) {
      Memory memory = context.allocate(16);
      for (long offset : new long[] {-4, 16, Long.MAX_VALUE}) {
        assertThrows(LacunaException.class, () -> context.write(memory, offset, new int[1]));
        assertThrows(LacunaException.class, () -> context.read(memory, offset, 1));
      }
      assertThrows(IllegalArgumentException.class, () -> context.allocate(0));
    }
  }

  @Test
  void moreMemoryThanThereIsIsAnErrorWithItsStatus() {
    try (Context context = Lacuna.open(Device.parse("reference"))) {
      LacunaException e =
          assertThrows(LacunaException.class, () -> context.allocate(Long.MAX_VALUE - 1000));
      assertEquals(Status.OUT_OF_MEMORY, e.status());
    }
  }

  @Test
  void onlyRealTypesMakeABackEnd() {
    assertThrows(IllegalArgumentException.class, () -> new ReferenceBackend(DType.I32));
  }
}
