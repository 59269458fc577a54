package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.kernels.VicReg;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;

/**
 * VICReg's loss and gradients of two views [n, d], by the paper's formula with weights 25, 25, 1.
 * Result: loss, dx [n, d], dy [n, d].
 */
public final class VicRegWork extends Workload {
  /** Weight of the invariance. */
  public static final double LAMBDA = 25;

  /** Weight of the variances. */
  public static final double MU = 25;

  /** Weight of the covariances. */
  public static final double NU = 1;

  /** Under the root of a standard deviation. */
  public static final double EPSILON = 1e-4;

  private static final int CHECKED_ROWS = 16;

  /** A view [n, d]. */
  public final MemorySegment x;

  /** A view [n, d]. */
  public final MemorySegment y;

  /** Rows. */
  public final int n;

  /** Columns. */
  public final int d;

  VicRegWork(String name, int[] sizes) {
    super(name);
    checkSizes(name, sizes, "rows", "columns");
    n = sizes[0];
    d = sizes[1];
    x = normal(0, (long) n * d);
    y = normal(1, (long) n * d);
  }

  /** For each view half a symmetric product and a product with it, on the smaller side. */
  @Override
  public double flops() {
    double side = Math.min(n, d);
    double other = Math.max(n, d);
    return 2 * (side * side * other + 2 * side * side * other);
  }

  /** By a covariance matrix whatever the shape. */
  @Override
  double plainFlops() {
    return 6.0 * n * d * d;
  }

  /** Views are read, gradients written. */
  @Override
  public double bytes() {
    return 4.0 * 4 * n * d;
  }

  @Override
  public List<Variant> variants() {
    return List.of(Variant.DEFAULT);
  }

  @Override
  public Contender ours(Context context, Variant variant) {
    MemorySegment dx = floats((long) n * d);
    MemorySegment dy = floats((long) n * d);
    MemorySegment loss = floats(1);
    VicReg.Options options =
        VicReg.Options.DEFAULT.withWeights(LAMBDA, MU, NU).withHinge(1, EPSILON);
    return new Contender() {
      @Override
      public void run() {
        VicReg.Loss terms = VicReg.lossAndGrad(context, x, y, n, d, options, dx, dy);
        loss.setAtIndex(ValueLayout.JAVA_FLOAT, 0, (float) terms.value());
      }

      @Override
      public float[] result() {
        run();
        return joined(loss, dx, dy);
      }
    };
  }

  /** The loss, and gradients of some rows, without a [d, d] matrix. */
  @Override
  public double error(float[] result) {
    double[][] viewX = IntStream.range(0, n).mapToObj(i -> row(x, i, d)).toArray(double[][]::new);
    double[][] viewY = IntStream.range(0, n).mapToObj(i -> row(y, i, d)).toArray(double[][]::new);
    double invariance = 0;
    double[][] towards = new double[n][d];
    for (int i = 0; i < n; i++) {
      towards[i] = viewX[i].clone();
      addScaled(towards[i], -1, viewY[i]);
      invariance += dot(towards[i], towards[i]);
    }
    double scale = (double) n * d;
    ErrorMeter gradients = new ErrorMeter();
    double loss =
        LAMBDA * invariance / scale
            + view(viewX, towards, 2 * LAMBDA / scale, result, 1, gradients)
            + view(viewY, towards, -2 * LAMBDA / scale, result, 1 + n * d, gradients);
    double lossError = new ErrorMeter().add(result[0], loss).relative();
    return Math.max(lossError, gradients.relative());
  }

  /** A view's terms; its gradients in {@code result} from {@code at} on are noted. */
  private double view(
      double[][] z, double[][] towards, double pull, float[] result, int at, ErrorMeter gradients) {
    double[] mean = new double[d];
    for (double[] row : z) {
      addScaled(mean, 1.0 / n, row);
    }
    double[] variance = new double[d];
    for (double[] row : z) {
      addScaled(row, -1, mean);
      for (int j = 0; j < d; j++) {
        variance[j] += row[j] * row[j] / (n - 1);
      }
    }
    double hinge = 0;
    double[] push = new double[d];
    for (int j = 0; j < d; j++) {
      double deviation = Math.sqrt(variance[j] + EPSILON);
      hinge += Math.max(0, 1 - deviation) / d;
      push[j] = deviation < 1 ? -MU / ((double) d * (n - 1) * deviation) : 0;
    }
    // ||zc zc^T||^2, half of it by symmetry
    double gram =
        IntStream.range(0, n)
            .parallel()
            .mapToDouble(i -> {
              double sum = 0;
              for (int j = 0; j <= i; j++) {
                double product = dot(z[i], z[j]);
                sum += (j < i ? 2 : 1) * product * product;
              }
              return sum;
            })
            .sum();
    double covariance = (gram / ((double) (n - 1) * (n - 1)) - dot(variance, variance)) / d;
    for (int i : sample(n, CHECKED_ROWS)) {
      double[] want = new double[d];
      for (double[] row : z) {
        addScaled(want, dot(z[i], row) / (n - 1), row);
      }
      double factor = 4 * NU / ((double) d * (n - 1));
      for (int j = 0; j < d; j++) {
        want[j] =
            pull * towards[i][j] + push[j] * z[i][j] + factor * (want[j] - variance[j] * z[i][j]);
      }
      gradients.add(result, at + i * d, want);
    }
    return MU * hinge + NU * covariance;
  }
}
