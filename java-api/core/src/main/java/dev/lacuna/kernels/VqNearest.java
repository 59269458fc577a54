package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Nearest code of each vector: index[i] = argmin_j |z_i - codebook_j|^2, lowest j on ties. NaN or
 * infinity anywhere is an error and nothing is written.
 *
 * <p>Candidates are looked for in integers of 8 bits, where the device has such products, and
 * whatever lies within the rounding of a score is compared in higher precision: the results are
 * those of a search in double. As {@link Precision#EXACT} can hardly be bettered then, {@link
 * Precision#FAST} does the same.
 *
 * <p>Arrays on the heap are copied; segments outside the heap and direct buffers are used in place
 * on the CPU.
 */
public final class VqNearest {
  private VqNearest() {}

  /** As the search with {@link Precision}, {@link Precision#EXACT}. */
  public static void search(
      Context context,
      float[] z,
      int n,
      int d,
      float[] codebook,
      int k,
      int[] index,
      float @Nullable [] distance) {
    search(context, z, n, d, codebook, k, index, distance, Precision.EXACT);
  }

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
      float @Nullable [] distance,
      Precision precision) {
    search(
        context,
        Borrowings.segment("z", z),
        n,
        d,
        Borrowings.segment("codebook", codebook),
        k,
        Borrowings.segment("index", index),
        distance == null ? null : Borrowings.segment("distance", distance),
        precision);
  }

  /**
   * Searches a codebook; buffers from their position on.
   *
   * @param z [n, d], row-major
   * @param codebook [k, d], row-major, k at least 1
   * @param index receives n integers
   * @param distance receives n squared distances, or null
   */
  public static void search(
      Context context,
      FloatBuffer z,
      long n,
      long d,
      FloatBuffer codebook,
      long k,
      IntBuffer index,
      @Nullable FloatBuffer distance,
      Precision precision) {
    search(
        context,
        Borrowings.segment("z", z),
        n,
        d,
        Borrowings.segment("codebook", codebook),
        k,
        Borrowings.segment("index", index),
        distance == null ? null : Borrowings.segment("distance", distance),
        precision);
  }

  /** As the search with {@link Precision}, {@link Precision#EXACT}. */
  public static void search(
      Context context,
      MemorySegment z,
      long n,
      long d,
      MemorySegment codebook,
      long k,
      MemorySegment index,
      @Nullable MemorySegment distance) {
    search(context, z, n, d, codebook, k, index, distance, Precision.EXACT);
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
      @Nullable MemorySegment distance,
      Precision precision) {
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory rows = borrowed.read("z", z, DType.F32, n, d);
      Memory codes = borrowed.read("codebook", codebook, DType.F32, k, d);
      Memory found = borrowed.write("index", index, DType.I32, n, 1);
      Memory distances = borrowed.writeOptional("distance", distance, DType.F32, n, 1);
      run(context, rows, n, d, codes, k, found, distances, precision);
      borrowed.commit();
    }
  }

  /** Searches a codebook where everything lies in the back end's memory. */
  static void run(
      Context context,
      Memory z,
      long n,
      long d,
      Memory codebook,
      long k,
      Memory index,
      @Nullable Memory distance,
      Precision precision) {
    OpCall call = context.call(OpLayouts.VqNearest.OP).fast(precision == Precision.FAST);
    call.set(OpLayouts.VqNearest.N, n).set(OpLayouts.VqNearest.D, d).set(OpLayouts.VqNearest.K, k);
    call.set(OpLayouts.VqNearest.LD_Z, d).set(OpLayouts.VqNearest.LD_CODEBOOK, d);
    call.tensor(OpLayouts.VqNearest.Z, z, 0).tensor(OpLayouts.VqNearest.CODEBOOK, codebook, 0);
    call.tensor(OpLayouts.VqNearest.INDEX, index, 0);
    call.tensor(OpLayouts.VqNearest.DISTANCE, distance, 0);
    context.run(call);
  }
}
