package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.VqQuantizeBwd;
import dev.lacuna.spi.OpLayouts.VqQuantizeFwd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Rows replaced by their codes, the commitment loss that draws them there, and the gradient of both
 * by the rows. With index[0] the rows' own codes, index[o] those of other modalities at the same
 * positions, and MSE the mean over rows and columns,
 *
 * <pre>
 * q_i  = codebook[index[0, i]]
 * loss = own MSE(z, q) + cross sum over o &gt; 0 of MSE(z, codebook[index[o]])
 * dz   = J^T dq + dloss 2 / (rows width) (own (z - q) + cross sum over o &gt; 0 of (z - codebook[index[o]]))
 * </pre>
 *
 * with J by the {@link Estimator}. The codes are held constant: they learn by moving averages
 * ({@link VqCodebook}). An index of -1 is a modality that is absent there, whose pairs add 0; where
 * the own one is absent, q and dz are 0 and z is not read.
 *
 * <p>Arrays on the heap are copied into the context's memory and back; segments outside the heap
 * and direct buffers are used in place on the CPU. NaN or infinity in z or the codes reaches the
 * results. Wrong arguments are a {@link LacunaException} and leave all arrays as they were.
 */
public final class VqQuantize {
  /** How the gradient passes from a code to the row that it replaces. */
  public enum Estimator {
    /** Unchanged, J = 1 (van den Oord, Vinyals, Kavukcuoglu, NeurIPS 2017). */
    STRAIGHT_THROUGH(0),
    /**
     * Through the rotation and scaling that take the row to its code, held constant: J = |q| / |z|
     * R with R = 1 - 2 r r^T + 2 v u^T, u = z / |z|, v = q / |q|, r = (u + v) / |u + v| (rotation
     * trick; Fifty et al., 2024). The term in r is left out where |u + v|^2 is below 1e-8; J = 1
     * where the row is 0, J = 0 where the code is.
     */
    ROTATION(1);

    private final int code;

    Estimator(int code) {
      this.code = code;
    }

    /** The estimator's number in the op table. */
    public int code() {
      return code;
    }
  }

  /**
   * Weights of the commitment loss, finite.
   *
   * @param own of the distance to the row's own code
   * @param cross of the distance to each other modality's code at the same position
   */
  public record Commitment(double own, double cross) {
    /** No commitment loss. */
    public static final Commitment NONE = new Commitment(0, 0);

    /** Refuses NaN and infinity. */
    public Commitment {
      if (!Double.isFinite(own) || !Double.isFinite(cross)) {
        throw new IllegalArgumentException(
            "commitment is own " + own + ", cross " + cross + ", want finite weights");
      }
    }

    /**
     * As CMG's official code (Xia et al., NeurIPS 2023): 2 beta for the own code, and beta shared
     * by the other modalities'.
     *
     * @param beta 0.25 there
     * @param modalities how many, at least 1
     */
    public static Commitment of(double beta, int modalities) {
      if (modalities < 1) {
        throw new IllegalArgumentException("modalities is " + modalities + ", want >= 1");
      }
      return new Commitment(2 * beta, modalities == 1 ? 0 : beta / (modalities - 1));
    }

    private boolean isNone() {
      return own == 0 && cross == 0;
    }
  }

  /**
   * How rows are quantised.
   *
   * @param estimator for {@link #backward}; STRAIGHT_THROUGH
   * @param commitment weights of the loss; own 0.25, cross 0
   */
  public record Options(Estimator estimator, Commitment commitment) {
    /** Straight through, and beta = 0.25 to the own code, as van den Oord et al. */
    public static final Options DEFAULT =
        new Options(Estimator.STRAIGHT_THROUGH, new Commitment(0.25, 0));

    /** With another estimator. */
    public Options withEstimator(Estimator other) {
      return new Options(other, commitment);
    }

    /** With another commitment loss. */
    public Options withCommitment(Commitment other) {
      return new Options(estimator, other);
    }
  }

  /**
   * Extents.
   *
   * @param modalities rows of the index, at least 1
   * @param rows vectors to quantise, may be 0
   * @param width numbers in a vector, may be 0
   * @param codes of the codebook, may be 0 where every own code is absent
   */
  public record Shape(long modalities, long rows, long width, long codes) {
    /** Refuses extents out of range and arrays of 2^63 bytes or more. */
    public Shape {
      if (modalities < 1 || rows < 0 || width < 0 || codes < 0) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            text(modalities, rows, width, codes) + ", want modalities >= 1 and the others >= 0");
      }
      try {
        long vectors = Math.max(modalities, width);
        Math.multiplyExact(Math.multiplyExact(vectors, rows), Float.BYTES);
        Math.multiplyExact(Math.multiplyExact(codes, width), Float.BYTES);
      } catch (ArithmeticException e) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            text(modalities, rows, width, codes) + ", beyond 2^63 bytes",
            e);
      }
    }

    private static String text(long modalities, long rows, long width, long codes) {
      return "shape is [modalities %d, rows %d, width %d, codes %d]"
          .formatted(modalities, rows, width, codes);
    }
  }

  private VqQuantize() {}

  /** As for segments, on arrays. */
  public static double forward(
      Context context,
      Shape shape,
      Options options,
      float[] z,
      float[] codebook,
      int[] index,
      float[] q) {
    return forward(
        context,
        shape,
        options,
        Borrowings.segment("z", z),
        Borrowings.segment("codebook", codebook),
        Borrowings.segment("index", index),
        Borrowings.segment("q", q));
  }

  /** As for segments, on the remaining numbers of buffers. */
  public static double forward(
      Context context,
      Shape shape,
      Options options,
      FloatBuffer z,
      FloatBuffer codebook,
      IntBuffer index,
      FloatBuffer q) {
    return forward(
        context,
        shape,
        options,
        Borrowings.segment("z", z),
        Borrowings.segment("codebook", codebook),
        Borrowings.segment("index", index),
        Borrowings.segment("q", q));
  }

  /**
   * Writes the codes of the rows and returns the commitment loss, 0 with {@link Commitment#NONE}.
   *
   * @param z [rows, width] floats, row-major
   * @param codebook [codes, width] floats, row-major
   * @param index [modalities, rows] 32-bit integers from -1 to codes - 1, the own codes first, as
   *     {@link VqNearest} finds them
   * @param q receives [rows, width] floats
   */
  public static double forward(
      Context context,
      Shape shape,
      Options options,
      MemorySegment z,
      MemorySegment codebook,
      MemorySegment index,
      MemorySegment q) {
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory codes = borrowed.read("codebook", codebook, DType.F32, shape.codes, shape.width);
      return forward(context, borrowed, shape, options, z, codes, index, q);
    }
  }

  /** As {@link #forward} with a codebook in the back end's memory. */
  static double forward(
      Context context,
      Borrowings borrowed,
      Shape shape,
      Options options,
      MemorySegment z,
      Memory codebook,
      MemorySegment index,
      MemorySegment q) {
    long n = shape.rows;
    long d = shape.width;
    boolean wanted = !options.commitment.isNone();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment loss = arena.allocate(ValueLayout.JAVA_FLOAT);
      OpCall call = forwardCall(context, shape, options.commitment);
      call.tensor(VqQuantizeFwd.Z, borrowed.read("z", z, DType.F32, n, d), 0);
      call.tensor(VqQuantizeFwd.CODEBOOK, codebook, 0);
      Memory codes = borrowed.read("index", index, DType.I32, shape.modalities, n);
      call.tensor(VqQuantizeFwd.INDEX, codes, 0);
      call.tensor(VqQuantizeFwd.Q, borrowed.write("q", q, DType.F32, n, d), 0);
      Memory sum = borrowed.writeOptional("loss", wanted ? loss : null, DType.F32, 1, 1);
      context.run(call.tensor(VqQuantizeFwd.LOSS, sum, 0));
      borrowed.commit();
      return loss.get(ValueLayout.JAVA_FLOAT, 0);
    }
  }

  /** As for segments, on arrays. */
  public static void backward(
      Context context,
      Shape shape,
      Options options,
      float @Nullable [] dq,
      double dloss,
      float[] z,
      float[] codebook,
      int[] index,
      float[] dz) {
    backward(
        context,
        shape,
        options,
        dq == null ? null : Borrowings.segment("dq", dq),
        dloss,
        Borrowings.segment("z", z),
        Borrowings.segment("codebook", codebook),
        Borrowings.segment("index", index),
        Borrowings.segment("dz", dz));
  }

  /** As for segments, on the remaining numbers of buffers. */
  public static void backward(
      Context context,
      Shape shape,
      Options options,
      @Nullable FloatBuffer dq,
      double dloss,
      FloatBuffer z,
      FloatBuffer codebook,
      IntBuffer index,
      FloatBuffer dz) {
    backward(
        context,
        shape,
        options,
        dq == null ? null : Borrowings.segment("dq", dq),
        dloss,
        Borrowings.segment("z", z),
        Borrowings.segment("codebook", codebook),
        Borrowings.segment("index", index),
        Borrowings.segment("dz", dz));
  }

  /**
   * Writes the gradient of the rows.
   *
   * @param dq gradient of q [rows, width] floats; null where there is none
   * @param dloss gradient of the commitment loss, 1 where it is added to the total as it is
   * @param z [rows, width] floats, as {@link #forward} had it, as codebook and index
   * @param codebook [codes, width] floats
   * @param index [modalities, rows] 32-bit integers from -1 to codes - 1, the own codes first
   * @param dz receives [rows, width] floats
   */
  public static void backward(
      Context context,
      Shape shape,
      Options options,
      @Nullable MemorySegment dq,
      double dloss,
      MemorySegment z,
      MemorySegment codebook,
      MemorySegment index,
      MemorySegment dz) {
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory codes = borrowed.read("codebook", codebook, DType.F32, shape.codes, shape.width);
      backward(context, borrowed, shape, options, dq, dloss, z, codes, index, dz);
    }
  }

  /** As {@link #backward} with a codebook in the back end's memory. */
  static void backward(
      Context context,
      Borrowings borrowed,
      Shape shape,
      Options options,
      @Nullable MemorySegment dq,
      double dloss,
      MemorySegment z,
      Memory codebook,
      MemorySegment index,
      MemorySegment dz) {
    long n = shape.rows;
    long d = shape.width;
    boolean given = !options.commitment.isNone();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment factor = arena.allocateFrom(ValueLayout.JAVA_FLOAT, (float) dloss);
      OpCall call = backwardCall(context, shape, options);
      call.tensor(VqQuantizeBwd.DQ, borrowed.readOptional("dq", dq, DType.F32, n, d), 0);
      Memory scale = borrowed.readOptional("dloss", given ? factor : null, DType.F32, 1, 1);
      call.tensor(VqQuantizeBwd.DLOSS, scale, 0);
      call.tensor(VqQuantizeBwd.Z, borrowed.read("z", z, DType.F32, n, d), 0);
      call.tensor(VqQuantizeBwd.CODEBOOK, codebook, 0);
      Memory codes = borrowed.read("index", index, DType.I32, shape.modalities, n);
      call.tensor(VqQuantizeBwd.INDEX, codes, 0);
      call.tensor(VqQuantizeBwd.DZ, borrowed.write("dz", dz, DType.F32, n, d), 0);
      context.run(call);
      borrowed.commit();
    }
  }

  /** A call of the op with all but its tensors set, for those that lie in the back end's memory. */
  public static OpCall forwardCall(Context context, Shape shape, Commitment commitment) {
    OpCall call = context.call(VqQuantizeFwd.OP).set(VqQuantizeFwd.M, shape.modalities);
    call.set(VqQuantizeFwd.N, shape.rows).set(VqQuantizeFwd.D, shape.width);
    call.set(VqQuantizeFwd.K, shape.codes).set(VqQuantizeFwd.LD_Z, shape.width);
    call.set(VqQuantizeFwd.LD_CODEBOOK, shape.width).set(VqQuantizeFwd.LD_Q, shape.width);
    return call.set(VqQuantizeFwd.OWN, commitment.own).set(VqQuantizeFwd.CROSS, commitment.cross);
  }

  /** As {@link #forwardCall}, for the gradient. */
  public static OpCall backwardCall(Context context, Shape shape, Options options) {
    OpCall call = context.call(VqQuantizeBwd.OP).set(VqQuantizeBwd.M, shape.modalities);
    call.set(VqQuantizeBwd.N, shape.rows).set(VqQuantizeBwd.D, shape.width);
    call.set(VqQuantizeBwd.K, shape.codes).set(VqQuantizeBwd.LD_DQ, shape.width);
    call.set(VqQuantizeBwd.LD_Z, shape.width).set(VqQuantizeBwd.LD_CODEBOOK, shape.width);
    call.set(VqQuantizeBwd.LD_DZ, shape.width).set(VqQuantizeBwd.OWN, options.commitment.own);
    call.set(VqQuantizeBwd.CROSS, options.commitment.cross);
    return call.set(VqQuantizeBwd.ESTIMATOR, options.estimator.code);
  }
}
