package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.kernels.Precision;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.kernels.VqNearest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/**
 * The memory that ops ask for beside their tensors: counted, and never a matrix of N x K or D x D.
 */
class WorkspaceTest {
  private final Arena arena = Arena.ofAuto();

  private static Context open(String backend) {
    return Lacuna.open(OpenOptions.DEFAULT.withDevice(Device.parse(backend)).withThreads(2));
  }

  private MemorySegment floats(long count) {
    return arena.allocate(count * Float.BYTES, 64);
  }

  private void search(Context context, int n, int d, int k) {
    VqNearest.search(
        context,
        floats((long) n * d),
        n,
        d,
        floats((long) k * d),
        k,
        floats(n),
        null,
        Precision.EXACT);
  }

  @Test
  void itIsThatOfTheOpThatAskedForMost() {
    try (Context context = open("cpu")) {
      assertEquals(0, context.workspaceBytes());
      search(context, 64, 16, 256);
      long small = context.workspaceBytes();
      assertTrue(small > 0);
      search(context, 512, 64, 1024);
      long large = context.workspaceBytes();
      assertTrue(large > small, large + " after " + small);
      search(context, 64, 16, 256);
      assertEquals(large, context.workspaceBytes());
    }
  }

  @Test
  void theReferenceNeedsNone() {
    try (Context context = open("reference")) {
      search(context, 8, 4, 8);
      assertEquals(0, context.workspaceBytes());
    }
  }

  @Test
  void aSearchHoldsNoMatrixOfDistances() {
    int n = 8192;
    int k = 4096;
    try (Context context = open("cpu")) {
      search(context, n, 8, k);
      assertTrue(context.workspaceBytes() < 4L * n * k / 32, context.workspaceBytes() + " bytes");
    }
  }

  @Test
  void vicRegOfFewRowsHoldsNoCovariances() {
    int n = 16;
    int d = 8192;
    try (Context context = open("cpu")) {
      MemorySegment x = floats((long) n * d);
      VicReg.lossAndGrad(
          context, x, x, n, d, VicReg.Options.DEFAULT, floats((long) n * d), floats((long) n * d));
      assertTrue(context.workspaceBytes() < 4L * d * d / 32, context.workspaceBytes() + " bytes");
    }
  }
}
