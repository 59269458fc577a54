package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.RlsState.Gradient;
import dev.lacuna.spi.Memory;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Recursive-least-squares gradient projection (orthogonal weight modification; methods of OWM, Zeng
 * et al. 2019, and MLA, Zhang et al. 2024): P starts as I and absorbs feature vectors r,
 *
 * <pre>P <- P - (P r)(P r)^T / (alpha + r^T P r),</pre>
 *
 * so that gradients multiplied by P hardly change the outputs for absorbed features. alpha is at
 * least 1e-6; the smaller it is, the more firmly r is remembered. A block of several rows gives
 * what its rows would give one after the other, but {@link Norm#FRO} divides once, after the block.
 *
 * <p>Gradients are those of a weight [classes, size]: whole, or as factors, scale e^T h with e [n,
 * classes] (the loss's gradient by the logits of n samples) and h [n, size] (their features), which
 * costs less where n is below the number of classes.
 *
 * <p>Arrays on the heap are copied into the context's memory and back; segments outside the heap
 * and direct buffers are used in place on the CPU. An error leaves P and arrays as they were; how P
 * is held may have changed, from LOW_RANK to POTTER or, in PLAIN, by an update that waited.
 */
public final class RlsProjector implements Projector {
  /** How P is held. */
  public enum Form {
    /**
     * By Potter's square root, which keeps P positive semi-definite in float: error below 1e-4
     * after thousands of updates. Projecting costs 4 classes size^2 operations.
     */
    POTTER(0),
    /**
     * As itself: half the operations. Rounding adds up, to some 1e-2 of P for thousands of large
     * features, and can make P indefinite, upon which absorbing is refused.
     */
    PLAIN(1),
    /**
     * By one row for each update while there are at most size / 4 of them (4 classes size updates
     * operations to project), then as {@link #POTTER}, into which it goes over by itself.
     */
    LOW_RANK(2);

    final int code;

    Form(int code) {
      this.code = code;
    }
  }

  /** What is done to P after each update. */
  public enum Norm {
    /** Nothing: P shrinks as it learns. */
    NONE(0),
    /**
     * P is divided by its Frobenius norm, as MLA's official code does: the projected gradient keeps
     * its size.
     */
    FRO(1);

    final int code;

    Norm(int code) {
      this.code = code;
    }
  }

  /** Which comes first in a step. */
  public enum Order {
    /** Orthogonal to what was absorbed before, MLA's wording. */
    PROJECT_THEN_ABSORB(0),
    /** Orthogonal to the new features as well, as MLA's official code and OWM do. */
    ABSORB_THEN_PROJECT(1);

    final int code;

    Order(int code) {
      this.code = code;
    }
  }

  /** size x size numbers must fit in an array. */
  private static final int MAX_SIZE = 46_340;

  private final Context context;
  private final int size;
  private @Nullable RlsState p;

  /** A projector in form {@link Form#POTTER}. */
  public RlsProjector(Context context, int size, Norm norm) {
    this(context, size, Form.POTTER, norm);
  }

  /**
   * A projector for features of {@code size} numbers, with P = I.
   *
   * @param size 1 to 46,340
   */
  public RlsProjector(Context context, int size, Form form, Norm norm) {
    if (size < 1 || size > MAX_SIZE) {
      throw new IllegalArgumentException("size is " + size + ", want 1 to " + MAX_SIZE);
    }
    this.context = context;
    this.size = size;
    p =
        new RlsState(
            context,
            size,
            Objects.requireNonNull(form, "form"),
            Objects.requireNonNull(norm, "norm"));
  }

  private RlsState p() {
    RlsState open = p;
    if (open == null) {
      throw new LacunaException(Status.INVALID_ARGUMENT, "this projector is closed");
    }
    return open;
  }

  /** Number of features. */
  @Override
  public int size() {
    return size;
  }

  /** How P is held now: {@link Form#LOW_RANK} goes over to {@link Form#POTTER}. */
  public Form form() {
    return p().form();
  }

  /** Back to P = I. */
  @Override
  public void reset() {
    p().reset();
  }

  // Absorbing.

  /** Absorbs a feature vector of {@code size} finite numbers. */
  public void absorb(float[] r, double alpha) {
    absorb(r, 1, alpha);
  }

  /** Absorbs the remaining {@code size} numbers of a buffer. */
  public void absorb(FloatBuffer r, double alpha) {
    absorb(r, 1, alpha);
  }

  /** Absorbs a feature vector of {@code size} floats. */
  public void absorb(MemorySegment r, double alpha) {
    absorb(r, 1, alpha);
  }

  /** Absorbs a feature vector that lies in the back end's memory. */
  @Override
  public void absorb(Memory r, long offset, double alpha) {
    absorb(r, offset, 1, alpha);
  }

  /** Absorbs the rows of a block [count, size], row-major. */
  public void absorb(float[] r, int count, double alpha) {
    absorb(Borrowings.segment("r", r), count, alpha);
  }

  /** Absorbs the rows of a block [count, size] in the remaining numbers of a buffer. */
  public void absorb(FloatBuffer r, int count, double alpha) {
    absorb(Borrowings.segment("r", r), count, alpha);
  }

  /** Absorbs the rows of a block [count, size] of floats. */
  public void absorb(MemorySegment r, int count, double alpha) {
    try (Borrowings borrowed = new Borrowings(context)) {
      absorb(borrowed.read("r", r, DType.F32, count, size), 0, count, alpha);
    }
  }

  /** Absorbs the rows of a block [count, size] that lies in the back end's memory. */
  public void absorb(Memory r, long offset, int count, double alpha) {
    p().absorb(r, offset, count, alpha);
  }

  // Projecting.

  /** Replaces a gradient [rows, size], row-major, by gradient P. */
  public void project(float[] gradient, int rows) {
    project(Borrowings.segment("gradient", gradient), rows);
  }

  /** Replaces a gradient [rows, size] in the remaining numbers of a buffer. */
  public void project(FloatBuffer gradient, int rows) {
    project(Borrowings.segment("gradient", gradient), rows);
  }

  /** Replaces a gradient [rows, size] of floats. */
  public void project(MemorySegment gradient, int rows) {
    try (Borrowings borrowed = new Borrowings(context)) {
      project(borrowed.update("gradient", gradient, DType.F32, rows, size), 0, rows);
      borrowed.commit();
    }
  }

  /** Replaces a gradient [rows, size] that lies in the back end's memory. */
  @Override
  public void project(Memory gradient, long offset, int rows) {
    p().project(Gradient.whole(gradient, offset, rows));
  }

  /**
   * Projects a gradient given as factors: out = scale e^T h P.
   *
   * @param e [n, classes]
   * @param h [n, size]
   * @param n at least 1
   * @param out receives [classes, size]
   */
  public void projectFactored(float[] e, float[] h, int n, int classes, double scale, float[] out) {
    projectFactored(
        Borrowings.segment("e", e),
        Borrowings.segment("h", h),
        n,
        classes,
        scale,
        Borrowings.segment("out", out));
  }

  /** The same on the remaining numbers of buffers. */
  public void projectFactored(
      FloatBuffer e, FloatBuffer h, int n, int classes, double scale, FloatBuffer out) {
    projectFactored(
        Borrowings.segment("e", e),
        Borrowings.segment("h", h),
        n,
        classes,
        scale,
        Borrowings.segment("out", out));
  }

  /** The same on segments of floats. */
  public void projectFactored(
      MemorySegment e, MemorySegment h, int n, int classes, double scale, MemorySegment out) {
    try (Borrowings borrowed = new Borrowings(context)) {
      p().project(factored(borrowed, e, h, n, classes, scale, out));
      borrowed.commit();
    }
  }

  private Gradient factored(
      Borrowings borrowed,
      MemorySegment e,
      MemorySegment h,
      int n,
      int classes,
      double scale,
      MemorySegment out) {
    if (n < 1) {
      throw new LacunaException(Status.INVALID_ARGUMENT, "n is " + n + ", want at least 1");
    }
    return Gradient.factored(
        borrowed.read("e", e, DType.F32, n, classes),
        borrowed.read("h", h, DType.F32, n, size),
        n,
        classes,
        scale,
        borrowed.write("out", out, DType.F32, classes, size));
  }

  // Both.

  /**
   * Absorbs a feature vector and replaces a gradient [rows, size] by gradient P, in one call that
   * passes over P less often than two. A back end without such a call (CUDA) does one after the
   * other: should the second fail there, the first stands.
   */
  public void step(float[] r, double alpha, float[] gradient, int rows, Order order) {
    step(Borrowings.segment("r", r), alpha, Borrowings.segment("gradient", gradient), rows, order);
  }

  /** The same on the remaining numbers of buffers. */
  public void step(FloatBuffer r, double alpha, FloatBuffer gradient, int rows, Order order) {
    step(Borrowings.segment("r", r), alpha, Borrowings.segment("gradient", gradient), rows, order);
  }

  /** The same on segments of floats. */
  public void step(MemorySegment r, double alpha, MemorySegment gradient, int rows, Order order) {
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory features = borrowed.read("r", r, DType.F32, 1, size);
      Memory target = borrowed.update("gradient", gradient, DType.F32, rows, size);
      step(features, 0, alpha, target, 0, rows, order);
      borrowed.commit();
    }
  }

  /** The same on arrays that lie in the back end's memory. */
  @Override
  public void step(
      Memory r,
      long offset,
      double alpha,
      Memory gradient,
      long gradientOffset,
      int rows,
      Order order) {
    p().step(r, offset, 1, alpha, Gradient.whole(gradient, gradientOffset, rows), order);
  }

  /**
   * Absorbs a block [count, size] and projects a gradient given as factors, out = scale e^T h P.
   *
   * @param r [count, size]
   * @param e [n, classes]
   * @param h [n, size]
   * @param n at least 1
   * @param out receives [classes, size]
   */
  public void stepFactored(
      float[] r,
      int count,
      double alpha,
      float[] e,
      float[] h,
      int n,
      int classes,
      double scale,
      float[] out,
      Order order) {
    stepFactored(
        Borrowings.segment("r", r),
        count,
        alpha,
        Borrowings.segment("e", e),
        Borrowings.segment("h", h),
        n,
        classes,
        scale,
        Borrowings.segment("out", out),
        order);
  }

  /** The same on the remaining numbers of buffers. */
  public void stepFactored(
      FloatBuffer r,
      int count,
      double alpha,
      FloatBuffer e,
      FloatBuffer h,
      int n,
      int classes,
      double scale,
      FloatBuffer out,
      Order order) {
    stepFactored(
        Borrowings.segment("r", r),
        count,
        alpha,
        Borrowings.segment("e", e),
        Borrowings.segment("h", h),
        n,
        classes,
        scale,
        Borrowings.segment("out", out),
        order);
  }

  /** The same on segments of floats. */
  public void stepFactored(
      MemorySegment r,
      int count,
      double alpha,
      MemorySegment e,
      MemorySegment h,
      int n,
      int classes,
      double scale,
      MemorySegment out,
      Order order) {
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory features = borrowed.read("r", r, DType.F32, count, size);
      Gradient gradient = factored(borrowed, e, h, n, classes, scale, out);
      p().step(features, 0, count, alpha, gradient, order);
      borrowed.commit();
    }
  }

  // Reading.

  /** P [size, size], row-major, computed in double from the form: for tests and pictures. */
  @Override
  public double[] matrix() {
    return p().matrix();
  }

  /**
   * Whether nothing has been given to absorb since the start or {@link #reset()}, so that P is I;
   * known without asking the device.
   */
  @Override
  public boolean isFresh() {
    return p().isFresh();
  }

  /** Vectors absorbed since the start. */
  @Override
  public long absorbed() {
    return p().absorbed();
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    p().save(prefix, file);
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    p().load(prefix, file);
  }

  /** Frees P; closing twice is fine. */
  @Override
  public void close() {
    if (p != null) {
      p.close();
      p = null;
    }
  }
}
