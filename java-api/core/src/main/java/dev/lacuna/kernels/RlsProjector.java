package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;

/**
 * Recursive-least-squares gradient projection (orthogonal weight modification; methods of OWM, Zeng
 * et al. 2019, and MLA, Zhang et al. 2024): P starts as I and absorbs feature vectors r,
 *
 * <pre>P <- P - (P r)(P r)^T / (alpha + r^T P r),</pre>
 *
 * so that gradients multiplied by P hardly change the outputs for absorbed features. Held as P = S
 * S^T / c by Potter's square root, which keeps P positive semi-definite in float.
 *
 * <p>Arrays on the heap are copied into the context's memory and back; segments outside the heap
 * and direct buffers are used in place on the CPU. An error leaves projector and arrays as they
 * were.
 */
public final class RlsProjector implements AutoCloseable {
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

  /** size x size numbers must fit in an array. */
  private static final int MAX_SIZE = 46_340;

  private final Context context;
  private final int size;
  private final Norm norm;
  private final Memory factor;
  private final Memory state;
  private boolean closed;

  /**
   * A projector for features of {@code size} numbers, with P = I.
   *
   * @param size 1 to 46,340
   */
  public RlsProjector(Context context, int size, Norm norm) {
    if (size < 1 || size > MAX_SIZE) {
      throw new IllegalArgumentException("size is " + size + ", want 1 to " + MAX_SIZE);
    }
    this.context = context;
    this.size = size;
    this.norm = norm;
    factor = context.allocate((long) size * size * context.real().bytes());
    state = context.allocate(2 * Double.BYTES);
    reset();
  }

  /** Number of features. */
  public int size() {
    return size;
  }

  /** Back to P = I. */
  public void reset() {
    double[] row = new double[size];
    for (int i = 0; i < size; i++) {
      row[i] = 1;
      context.write(factor, (long) i * size * context.real().bytes(), row);
      row[i] = 0;
    }
    context.upload(state, 0, MemorySegment.ofArray(new double[] {1, 0}), 2 * Double.BYTES);
  }

  /**
   * Absorbs a feature vector of {@code size} finite numbers; alpha greater than 0, smaller forgets
   * less.
   */
  public void absorb(float[] r, double alpha) {
    absorb(Borrowings.segment("r", r), alpha);
  }

  /** Absorbs the remaining {@code size} numbers of a buffer. */
  public void absorb(FloatBuffer r, double alpha) {
    absorb(Borrowings.segment("r", r), alpha);
  }

  /** Absorbs a feature vector of {@code size} floats. */
  public void absorb(MemorySegment r, double alpha) {
    try (Borrowings borrowed = new Borrowings(context)) {
      absorb(borrowed.read("r", r, DType.F32, 1, size), 0, alpha);
    }
  }

  /** Absorbs a feature vector that lies in the back end's memory. */
  public void absorb(Memory r, long offset, double alpha) {
    OpCall call = context.call(RlsAbsorb.OP).set(RlsAbsorb.S, size).set(RlsAbsorb.LD_FACTOR, size);
    call.set(RlsAbsorb.NORM, norm.code).set(RlsAbsorb.ALPHA, alpha);
    call.tensor(RlsAbsorb.R, r, offset).tensor(RlsAbsorb.FACTOR, factor, 0);
    call.tensor(RlsAbsorb.STATE, state, 0);
    context.run(call);
  }

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
    OpCall call = context.call(RlsProject.OP).set(RlsProject.C, rows).set(RlsProject.S, size);
    call.set(RlsProject.LD_G, size).set(RlsProject.LD_FACTOR, size).set(RlsProject.LD_OUT, size);
    call.tensor(RlsProject.G, gradient, offset).tensor(RlsProject.FACTOR, factor, 0);
    call.tensor(RlsProject.STATE, state, 0).tensor(RlsProject.OUT, gradient, offset);
    context.run(call);
  }

  /** P [size, size], row-major, computed in double from the factor: for tests and pictures. */
  public double[] matrix() {
    double[] s = context.read(factor, 0, size * size);
    double scale = state()[0];
    double[] p = new double[size * size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = 0;
        for (int k = 0; k < size; k++) {
          sum += s[i * size + k] * s[j * size + k];
        }
        p[i * size + j] = sum / scale;
        p[j * size + i] = sum / scale;
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
