package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.kernels.VqNearest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Nearest codes of n vectors of d numbers among k. Result: the indices. */
public final class VqSearchWork extends Workload {
  /** As after dead codes were reset: copies of others, moved by a thousandth. */
  private static final int RESETS = 40;

  private static final float RESET_NOISE = 1e-3f;
  private static final int CHECKED_ROWS = 512;

  /** Vectors [n, d]. */
  public final MemorySegment z;

  /** Codes [k, d]. */
  public final MemorySegment codebook;

  /** Sizes. */
  public final int n;

  /** Sizes. */
  public final int d;

  /** Sizes. */
  public final int k;

  VqSearchWork(String name, int[] sizes, boolean reset) {
    super(name);
    checkSizes(name, sizes, "vectors", "width", "codes");
    n = sizes[0];
    d = sizes[1];
    k = sizes[2];
    z = normal(0, (long) n * d);
    codebook = normal(1, (long) k * d);
    if (reset) {
      copyCodes();
    }
  }

  private void copyCodes() {
    CounterRandom random = new CounterRandom(1, 2, 0);
    for (int code = 0; code < Math.min(RESETS, k); code++) {
      long from = random.below(code, k) * (long) d;
      for (int j = 0; j < d; j++) {
        float value = codebook.getAtIndex(ValueLayout.JAVA_FLOAT, from + j);
        float noise = RESET_NOISE * (float) random.normal((long) k + code * (long) d + j);
        codebook.setAtIndex(ValueLayout.JAVA_FLOAT, (long) code * d + j, value + noise);
      }
    }
  }

  @Override
  public double flops() {
    return 2.0 * n * d * k;
  }

  @Override
  public double bytes() {
    return 4.0 * ((double) n * d + (double) k * d + n);
  }

  @Override
  public List<Variant> variants() {
    return List.of(Variant.DEFAULT, Variant.FAST, Variant.FLOAT);
  }

  @Override
  public Machine.Arithmetic arithmetic(Variant variant) {
    return variant == Variant.FLOAT ? Machine.Arithmetic.FP32 : Machine.Arithmetic.INT8;
  }

  @Override
  public Contender ours(Context context, Variant variant) {
    MemorySegment index = floats(n);
    return new Contender() {
      @Override
      public void run() {
        VqNearest.search(context, z, n, d, codebook, k, index, null, variant.precision());
      }

      @Override
      public float[] result() {
        run();
        float[] indices = new float[n];
        for (int i = 0; i < n; i++) {
          indices[i] = index.getAtIndex(ValueLayout.JAVA_INT, i);
        }
        return indices;
      }
    };
  }

  /** How much farther the returned code lies than the nearest, by |z|^2 + max |e|^2. */
  @Override
  public double error(float[] result) {
    double[][] codes = new double[k][];
    double[] norms = new double[k];
    for (int j = 0; j < k; j++) {
      codes[j] = row(codebook, j, d);
      norms[j] = dot(codes[j], codes[j]);
    }
    double largest = Arrays.stream(norms).max().orElse(0);
    return Arrays.stream(sample(n, CHECKED_ROWS))
        .parallel()
        .mapToDouble(i -> {
          double[] vector = row(z, i, d);
          double norm = dot(vector, vector);
          int returned = (int) result[i];
          if (result[i] != returned || returned < 0 || returned >= k) {
            return Double.NaN;
          }
          double nearest = Double.POSITIVE_INFINITY;
          for (int j = 0; j < k; j++) {
            nearest = Math.min(nearest, norm + norms[j] - 2 * dot(vector, codes[j]));
          }
          double excess = norm + norms[returned] - 2 * dot(vector, codes[returned]) - nearest;
          return excess / (norm + largest);
        })
        .reduce(0, Math::max);
  }
}
