package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Nearest code of each vector: index[i] = argmin_j |z_i - codebook_j|^2, lowest j on ties. NaN or
 * infinity anywhere is an error and nothing is written.
 *
 * <p>Arrays on the heap are copied; segments outside the heap (also {@code MemorySegment.ofBuffer}
 * of direct buffers) are used in place on the CPU; their arena must not be closed by another thread
 * during a call.
 */
public final class VqNearest {
  private VqNearest() {}

  /**
   * Searches a codebook.
   *
   * @param z [n, d], row-major
   * @param codebook [k, d], row-major, k at least 1
   * @param index receives n integers
   * @param distance receives n squared distances, or null
   */
  public static void search(
      Context context,
      float[] z,
      int n,
      int d,
      float[] codebook,
      int k,
      int[] index,
      float @Nullable [] distance) {
    search(
        context,
        MemorySegment.ofArray(z),
        n,
        d,
        MemorySegment.ofArray(codebook),
        k,
        MemorySegment.ofArray(index),
        distance == null ? null : MemorySegment.ofArray(distance));
  }

  /**
   * Searches a codebook.
   *
   * @param z [n, d] floats
   * @param codebook [k, d] floats, k at least 1
   * @param index receives n 32-bit integers
   * @param distance receives n floats, or null
   */
  public static void search(
      Context context,
      MemorySegment z,
      long n,
      long d,
      MemorySegment codebook,
      long k,
      MemorySegment index,
      @Nullable MemorySegment distance) {
    try (Borrowings borrowed = new Borrowings(context)) {
      OpCall call = context.call(OpLayouts.VqNearest.OP);
      call.set(OpLayouts.VqNearest.N, n)
          .set(OpLayouts.VqNearest.D, d)
          .set(OpLayouts.VqNearest.K, k);
      call.set(OpLayouts.VqNearest.LD_Z, d).set(OpLayouts.VqNearest.LD_CODEBOOK, d);
      call.tensor(OpLayouts.VqNearest.Z, borrowed.read("z", z, DType.F32, n, d), 0);
      call.tensor(
          OpLayouts.VqNearest.CODEBOOK, borrowed.read("codebook", codebook, DType.F32, k, d), 0);
      call.tensor(OpLayouts.VqNearest.INDEX, borrowed.write("index", index, DType.I32, n, 1), 0);
      call.tensor(
          OpLayouts.VqNearest.DISTANCE,
          borrowed.writeOptional("distance", distance, DType.F32, n, 1),
          0);
      context.run(call);
      borrowed.commit();
    }
  }
}
