package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.spi.Memory;

/**
 * P as itself, in double on the host, for the recursions that no kernel has. To absorb r:
 *
 * <pre>
 * P   &lt;- f P + (1 - f) I                           forgetting, unless P is fresh
 * k    = P r
 * Pij &lt;- Pij - ki kj / (alpha + r^T k)             SCALAR, or
 * Pij &lt;- Pij - ki kj / (alpha + ki rj)             ELEMENTWISE_COMPAT
 * P   &lt;- P / ||P||_F                               if the norm is FRO</pre>
 *
 * <p>Forgetting inflates P towards the identity (with FRO towards I / sqrt(size), which has norm
 * 1), so I - P, what is remembered, shrinks by f with each vector: one absorbed t vectors ago
 * counts f^t. A sum of positive definite matrices is one, and with SCALAR and NONE the eigenvalues
 * of P stay in (0, 1]. Dividing P by f instead, the textbook's way, lets it grow without bound in
 * directions that no absorbed vector has.
 *
 * <p>ELEMENTWISE_COMPAT divides by k r^T where r^T k belongs, as MLA's published code does. Such a
 * P is neither symmetric nor positive definite, and where a divisor comes near 0 it makes much of
 * rounding, so that float and double soon part ways; it is here to repeat history.
 *
 * <p>Every call waits for the device and copies r and the gradient to the host and back. Absorbing
 * costs some 8 size^2 operations and size^2 doubles of new memory, projecting 2 rows size^2
 * operations, all on the calling thread. An error leaves P and gradients as they were.
 */
public final class HostProjector implements Projector {
  /** What the square of the gain is divided by. */
  public enum Denominator {
    /** The number alpha + r^T P r: recursive least squares. */
    SCALAR,
    /** The matrix alpha + (P r) r^T, element by element. */
    ELEMENTWISE_COMPAT
  }

  private static final double MIN_ALPHA = 1e-6;

  private final Context context;
  private final int size;
  private final Norm norm;
  private final Denominator denominator;
  private final double forgetting;
  private double[][] p;
  private long absorbed;

  /**
   * A projector with P = I.
   *
   * @param forgetting f, in (0, 1]; 1 forgets nothing
   */
  public HostProjector(
      Context context, int size, Norm norm, Denominator denominator, double forgetting) {
    if (size < 1) {
      throw new IllegalArgumentException("size is " + size + ", want >= 1");
    }
    if (!(forgetting > 0 && forgetting <= 1)) {
      throw new IllegalArgumentException("forgetting is " + forgetting + ", want 0 < f <= 1");
    }
    this.context = context;
    this.size = size;
    this.norm = norm;
    this.denominator = denominator;
    this.forgetting = forgetting;
    p = identity(size);
  }

  private static double[][] identity(int size) {
    double[][] identity = new double[size][size];
    for (int i = 0; i < size; i++) {
      identity[i][i] = 1;
    }
    return identity;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public boolean isFresh() {
    return absorbed == 0;
  }

  @Override
  public long absorbed() {
    return absorbed;
  }

  @Override
  public double[] matrix() {
    double[] matrix = new double[size * size];
    for (int i = 0; i < size; i++) {
      System.arraycopy(p[i], 0, matrix, i * size, size);
    }
    return matrix;
  }

  @Override
  public void reset() {
    p = identity(size);
    absorbed = 0;
  }

  @Override
  public void absorb(Memory r, long offset, double alpha) {
    p = absorbing(context.read(r, offset, size), alpha);
    absorbed++;
  }

  @Override
  public void project(Memory gradient, long offset, int rows) {
    project(p, gradient, offset, rows);
  }

  @Override
  public void step(
      Memory r,
      long offset,
      double alpha,
      Memory gradient,
      long gradientOffset,
      int rows,
      Order order) {
    double[][] after = absorbing(context.read(r, offset, size), alpha);
    project(order == Order.ABSORB_THEN_PROJECT ? after : p, gradient, gradientOffset, rows);
    p = after;
    absorbed++;
  }

  /** The P that follows on r; the present one stays. */
  private double[][] absorbing(double[] r, double alpha) {
    if (!(alpha >= MIN_ALPHA && Double.isFinite(alpha))) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "alpha is " + alpha + ", want >= " + MIN_ALPHA + " and finite");
    }
    for (int j = 0; j < size; j++) {
      if (!Double.isFinite(r[j])) {
        throw new LacunaException(Status.NON_FINITE, "r[0, " + j + "] is " + r[j]);
      }
    }
    double[][] next = inflated();
    double[] k = times(next, r);
    double rk = dot(r, k);
    double squares = 0;
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        double divisor = alpha + (denominator == Denominator.SCALAR ? rk : k[i] * r[j]);
        next[i][j] -= k[i] * k[j] / divisor;
        squares += next[i][j] * next[i][j];
      }
    }
    if (!(squares > 0 && Double.isFinite(squares))) {
      throw new LacunaException(
          Status.NON_FINITE, "||P||^2 would be " + squares + ", want it positive and finite");
    }
    if (norm == Norm.FRO) {
      double length = Math.sqrt(squares);
      for (double[] row : next) {
        for (int j = 0; j < size; j++) {
          row[j] /= length;
        }
      }
    }
    return next;
  }

  /** A copy of P after forgetting. */
  private double[][] inflated() {
    double keep = isFresh() ? 1 : forgetting;
    double unit = norm == Norm.FRO ? 1 / Math.sqrt(size) : 1;
    double[][] copy = new double[size][];
    for (int i = 0; i < size; i++) {
      copy[i] = p[i].clone();
      for (int j = 0; keep < 1 && j < size; j++) {
        copy[i][j] = keep * copy[i][j] + (i == j ? (1 - keep) * unit : 0);
      }
    }
    return copy;
  }

  private void project(double[][] by, Memory gradient, long offset, int rows) {
    double[] g = context.read(gradient, offset, Math.multiplyExact(rows, size));
    double[] row = new double[size];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(g, i * size, row, 0, size);
      System.arraycopy(times(by, row), 0, g, i * size, size);
    }
    context.write(gradient, offset, g);
  }

  private static double[] times(double[][] matrix, double[] x) {
    double[] product = new double[x.length];
    for (int i = 0; i < product.length; i++) {
      product[i] = dot(matrix[i], x);
    }
    return product;
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    file.tensors().put(prefix + "p", new SafeTensors.Entry(new long[] {size, size}, matrix()));
    file.tensors()
        .put(prefix + "absorbed", new SafeTensors.Entry(new long[] {1}, new double[] {absorbed}));
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    double[] count = file.entry(prefix + "absorbed", 1).doubles();
    double[] matrix = file.entry(prefix + "p", size, size).doubles();
    for (int i = 0; i < size; i++) {
      System.arraycopy(matrix, i * size, p[i], 0, size);
    }
    absorbed = (long) count[0];
  }

  /** Nothing is held on the device. */
  @Override
  public void close() {}
}
