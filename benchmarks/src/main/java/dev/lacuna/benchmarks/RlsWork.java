package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Form;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * One feature vector of s numbers absorbed and the gradient of c classes projected. With a third
 * size the gradient comes as factors, e^T h / batch with e [batch, c] and h [batch, s]. Norm NONE.
 * Result: the projected gradient [c, s] after the first {@link #ABSORBED} vectors.
 */
public final class RlsWork extends Workload {
  /** Vectors that take turns. */
  public static final int VECTORS = 64;

  /** Vectors absorbed by the run that is checked. */
  public static final int ABSORBED = 3;

  /** alpha. */
  public static final double ALPHA = 1;

  private static final int CHECKED_ROWS = 64;

  /** Width of features. */
  public final int s;

  /** Classes. */
  public final int c;

  /** Samples of a factored gradient, 0 for a whole one. */
  public final int batch;

  /** Feature vectors [VECTORS, s]. */
  public final MemorySegment r;

  /** Whole gradient [c, s]; empty when factored. */
  public final MemorySegment gradient;

  /** Gradient by the logits [batch, c]; empty when whole. */
  public final MemorySegment e;

  /** Features of the batch [batch, s]; empty when whole. */
  public final MemorySegment h;

  RlsWork(String name, int[] sizes) {
    super(name);
    if (sizes.length == 2) {
      checkSizes(name, sizes, "width", "classes");
    } else {
      checkSizes(name, sizes, "width", "classes", "batch");
    }
    s = sizes[0];
    c = sizes[1];
    batch = sizes.length == 2 ? 0 : sizes[2];
    r = normal(0, (long) VECTORS * s);
    gradient = normal(1, batch == 0 ? (long) c * s : 0);
    e = normal(2, (long) batch * c);
    h = normal(3, (long) batch * s);
  }

  /** Update: P r and P's upper triangle; projection: with P as a symmetric matrix. */
  @Override
  public double flops() {
    double width = s;
    double update = 3 * width * width;
    return update + (batch == 0 ? 2.0 * c * width * width : 2.0 * batch * width * (width + c));
  }

  /** By the whole gradient. */
  @Override
  double plainFlops() {
    return flops() + 2.0 * c * s * s;
  }

  /** S has two sides: products with S and with its transpose, and no symmetry. */
  @Override
  public double flops(Variant variant) {
    if (variant != Variant.POTTER) {
      return flops();
    }
    double width = s;
    double update = 6 * width * width;
    return update
        + (batch == 0
            ? 4.0 * c * width * width
            : 4.0 * batch * width * width + 2.0 * batch * width * c);
  }

  /** P is read for P r, and read and written for the update. */
  @Override
  public double bytes() {
    double width = s;
    double p = 4 * width * width;
    return 3 * p + 4 * (batch == 0 ? 2.0 * c * width : c * width + batch * (width + c));
  }

  @Override
  public List<Variant> variants() {
    return List.of(Variant.DEFAULT, Variant.POTTER);
  }

  /** Vector number {@code turn} modulo {@link #VECTORS}. */
  public MemorySegment vector(int turn) {
    return r.asSlice((turn % VECTORS) * 4L * s, 4L * s);
  }

  @Override
  public Contender ours(Context context, Variant variant) {
    RlsProjector projector =
        new RlsProjector(
            context, s, variant == Variant.POTTER ? Form.POTTER : Form.PLAIN, Norm.NONE);
    MemorySegment out = floats((long) c * s);
    return new Contender() {
      private int turn;

      @Override
      public void run() {
        MemorySegment vector = vector(turn++);
        if (batch == 0) {
          // the projector works in place: the copy is part of the job
          out.copyFrom(gradient);
          projector.step(vector, ALPHA, out, c, Order.ABSORB_THEN_PROJECT);
        } else {
          projector.stepFactored(
              vector, 1, ALPHA, e, h, batch, c, 1.0 / batch, out, Order.ABSORB_THEN_PROJECT);
        }
      }

      @Override
      public float[] result() {
        projector.reset();
        turn = 0;
        for (int i = 0; i < ABSORBED; i++) {
          run();
        }
        return joined(out);
      }

      @Override
      public void close() {
        projector.close();
      }
    };
  }

  /** P = I - sum of k k^T / denominator, k and its denominator from the P before. */
  @Override
  public double error(float[] result) {
    double[][] k = new double[ABSORBED][];
    double[] denominator = new double[ABSORBED];
    for (int i = 0; i < ABSORBED; i++) {
      double[] vector = row(r, i, s);
      k[i] = projected(vector, k, denominator, i);
      denominator[i] = ALPHA + dot(vector, k[i]);
    }
    ErrorMeter meter = new ErrorMeter();
    for (int row : sample(c, CHECKED_ROWS)) {
      meter.add(result, row * s, projected(gradientRow(row), k, denominator, ABSORBED));
    }
    return meter.relative();
  }

  private double[] gradientRow(int row) {
    if (batch == 0) {
      return row(gradient, row, s);
    }
    double[] sum = new double[s];
    for (int i = 0; i < batch; i++) {
      addScaled(sum, row(e, i, c)[row] / batch, row(h, i, s));
    }
    return sum;
  }

  private static double[] projected(double[] x, double[][] k, double[] denominator, int count) {
    double[] y = x.clone();
    for (int i = 0; i < count; i++) {
      addScaled(y, -dot(x, k[i]) / denominator[i], k[i]);
    }
    return y;
  }
}
