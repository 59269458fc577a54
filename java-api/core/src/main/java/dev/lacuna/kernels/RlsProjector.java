package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import dev.lacuna.spi.OpLayouts.RlsStep;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;

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
 * and direct buffers are used in place on the CPU. An error leaves P and arrays as they were.
 */
public final class RlsProjector implements AutoCloseable {
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

    private final int code;

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

    private final int code;

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

    private final int code;

    Order(int code) {
      this.code = code;
    }
  }

  /** size x size numbers must fit in an array. */
  private static final int MAX_SIZE = 46_340;

  /** Rows of a block when LOW_RANK becomes POTTER: enough for large products. */
  private static final int CONVERTED_TOGETHER = 64;

  private final Context context;
  private final int size;
  private final Form wanted;
  private final Norm norm;
  private final Memory state;
  private Form form;
  private Memory factor;
  private boolean closed;

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
    this.norm = norm;
    wanted = form;
    this.form = form;
    factor = allocate(form);
    state = context.allocate(2 * Double.BYTES);
    fill(form, factor);
  }

  /** Number of features. */
  public int size() {
    return size;
  }

  /** How P is held now: {@link Form#LOW_RANK} goes over to {@link Form#POTTER}. */
  public Form form() {
    return form;
  }

  /** Back to P = I. */
  public void reset() {
    if (form != wanted) {
      Memory fresh = allocate(wanted);
      context.free(factor);
      factor = fresh;
      form = wanted;
    }
    fill(form, factor);
  }

  private long rows(Form of) {
    return switch (of) {
      case POTTER -> size;
      case PLAIN -> size + 1L;
      case LOW_RANK -> 2L * rank();
    };
  }

  private int rank() {
    return Math.max(1, size / 4);
  }

  private Memory allocate(Form of) {
    return context.allocate(rows(of) * size * context.real().bytes());
  }

  /** P = I. */
  private void fill(Form as, Memory into) {
    if (as != Form.LOW_RANK) {
      double[] row = new double[size];
      for (int i = 0; i < rows(as); i++) {
        if (i < size) {
          row[i] = 1;
        }
        context.write(into, (long) i * size * context.real().bytes(), row);
        if (i < size) {
          row[i] = 0;
        }
      }
    }
    setState(1, 0);
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
    makeRoom(count);
    absorb(form, norm, factor, r, offset, count, alpha);
  }

  private void absorb(
      Form as, Norm with, Memory into, Memory r, long offset, int count, double alpha) {
    OpCall call = context.call(RlsAbsorb.OP).set(RlsAbsorb.S, size).set(RlsAbsorb.B, count);
    call.set(RlsAbsorb.ROWS, rows(as)).set(RlsAbsorb.FORM, as.code).set(RlsAbsorb.NORM, with.code);
    call.set(RlsAbsorb.LD_R, size).set(RlsAbsorb.LD_FACTOR, size).set(RlsAbsorb.ALPHA, alpha);
    call.tensor(RlsAbsorb.R, r, offset).tensor(RlsAbsorb.FACTOR, into, 0);
    call.tensor(RlsAbsorb.STATE, state, 0);
    context.run(call);
  }

  /** LOW_RANK: goes over to POTTER where {@code count} more rows would not fit. */
  private void makeRoom(int count) {
    if (form != Form.LOW_RANK || count < 0 || absorbed() <= rank() - count) {
      return;
    }
    double[] before = state();
    long row = (long) size * context.real().bytes();
    Memory potter = allocate(Form.POTTER);
    try {
      fill(Form.POTTER, potter);
      for (int i = 0; i < (int) before[1]; i += CONVERTED_TOGETHER) {
        int together = Math.min(CONVERTED_TOGETHER, (int) before[1] - i);
        absorb(Form.POTTER, Norm.NONE, potter, factor, (rank() + i) * row, together, 1);
      }
    } catch (RuntimeException e) {
      context.free(potter);
      setState(before[0], before[1]);
      throw e;
    }
    setState(before[0], before[1]);
    context.free(factor);
    factor = potter;
    form = Form.POTTER;
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
  public void project(Memory gradient, long offset, int rows) {
    OpCall call = projection(rows);
    call.set(RlsProject.SCALE, 1.0).set(RlsProject.LD_G, size);
    call.tensor(RlsProject.G, gradient, offset).tensor(RlsProject.OUT, gradient, offset);
    context.run(call);
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
    requireSamples(n);
    try (Borrowings borrowed = new Borrowings(context)) {
      OpCall call = projection(classes);
      call.set(RlsProject.SCALE, scale).set(RlsProject.N, n);
      call.set(RlsProject.LD_E, classes).set(RlsProject.LD_H, size);
      call.tensor(RlsProject.E, borrowed.read("e", e, DType.F32, n, classes), 0);
      call.tensor(RlsProject.H, borrowed.read("h", h, DType.F32, n, size), 0);
      call.tensor(RlsProject.OUT, borrowed.write("out", out, DType.F32, classes, size), 0);
      context.run(call);
      borrowed.commit();
    }
  }

  private OpCall projection(int rows) {
    OpCall call = context.call(RlsProject.OP).set(RlsProject.C, rows).set(RlsProject.S, size);
    call.set(RlsProject.ROWS, rows(form)).set(RlsProject.FORM, form.code);
    call.set(RlsProject.LD_FACTOR, size).set(RlsProject.LD_OUT, size);
    return call.tensor(RlsProject.FACTOR, factor, 0).tensor(RlsProject.STATE, state, 0);
  }

  private static void requireSamples(int n) {
    if (n < 1) {
      throw new LacunaException(Status.INVALID_ARGUMENT, "n is " + n + ", want at least 1");
    }
  }

  // Both.

  /**
   * Absorbs a feature vector and replaces a gradient [rows, size] by gradient P, in one call that
   * passes over P less often than two.
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
  public void step(
      Memory r,
      long offset,
      double alpha,
      Memory gradient,
      long gradientOffset,
      int rows,
      Order order) {
    if (!context.supports(RlsStep.OP)) {
      if (order == Order.ABSORB_THEN_PROJECT) {
        absorb(r, offset, alpha);
      }
      project(gradient, gradientOffset, rows);
      if (order == Order.PROJECT_THEN_ABSORB) {
        absorb(r, offset, alpha);
      }
      return;
    }
    makeRoom(1);
    OpCall call = bothAtOnce(r, offset, 1, alpha, rows, order);
    call.set(RlsStep.SCALE, 1.0).set(RlsStep.LD_G, size);
    call.tensor(RlsStep.G, gradient, gradientOffset);
    call.tensor(RlsStep.OUT, gradient, gradientOffset);
    context.run(call);
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
    requireSamples(n);
    try (Borrowings borrowed = new Borrowings(context)) {
      Memory features = borrowed.read("r", r, DType.F32, count, size);
      Memory left = borrowed.read("e", e, DType.F32, n, classes);
      Memory right = borrowed.read("h", h, DType.F32, n, size);
      Memory target = borrowed.write("out", out, DType.F32, classes, size);
      makeRoom(count);
      OpCall call = bothAtOnce(features, 0, count, alpha, classes, order);
      call.set(RlsStep.SCALE, scale).set(RlsStep.N, n);
      call.set(RlsStep.LD_E, classes).set(RlsStep.LD_H, size);
      call.tensor(RlsStep.E, left, 0).tensor(RlsStep.H, right, 0).tensor(RlsStep.OUT, target, 0);
      context.run(call);
      borrowed.commit();
    }
  }

  private OpCall bothAtOnce(Memory r, long offset, int count, double alpha, int rows, Order order) {
    OpCall call = context.call(RlsStep.OP).set(RlsStep.B, count).set(RlsStep.C, rows);
    call.set(RlsStep.S, size).set(RlsStep.ROWS, rows(form)).set(RlsStep.FORM, form.code);
    call.set(RlsStep.NORM, norm.code).set(RlsStep.ORDER, order.code).set(RlsStep.ALPHA, alpha);
    call.set(RlsStep.LD_R, size).set(RlsStep.LD_FACTOR, size).set(RlsStep.LD_OUT, size);
    call.tensor(RlsStep.R, r, offset).tensor(RlsStep.FACTOR, factor, 0);
    return call.tensor(RlsStep.STATE, state, 0);
  }

  // Reading.

  /** P [size, size], row-major, computed in double from the form: for tests and pictures. */
  public double[] matrix() {
    double[] numbers = context.read(factor, 0, Math.toIntExact(rows(form) * size));
    double[] state = state();
    double[] p = new double[size * size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        double entry =
            switch (form) {
              case POTTER -> {
                double sum = 0;
                for (int k = 0; k < size; k++) {
                  sum += numbers[i * size + k] * numbers[j * size + k];
                }
                yield sum;
              }
              case PLAIN ->
                  numbers[i * size + j] - numbers[size * size + i] * numbers[size * size + j];
              case LOW_RANK -> {
                double sum = i == j ? 1 : 0;
                for (int k = 0; k < (int) state[1]; k++) {
                  sum -= numbers[k * size + i] * numbers[k * size + j];
                }
                yield sum;
              }
            };
        p[i * size + j] = entry / state[0];
        p[j * size + i] = entry / state[0];
      }
    }
    return p;
  }

  /** Vectors absorbed since the start. */
  public long absorbed() {
    return (long) state()[1];
  }

  private double[] state() {
    double[] numbers = new double[2];
    context.download(MemorySegment.ofArray(numbers), state, 0, 2 * Double.BYTES);
    return numbers;
  }

  private void setState(double c, double absorbed) {
    double[] numbers = {c, absorbed};
    context.upload(state, 0, MemorySegment.ofArray(numbers), 2 * Double.BYTES);
  }

  /** Frees P; closing twice is fine. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.free(factor);
      context.free(state);
    }
  }
}
