package dev.lacuna;

/**
 * Counter-based random numbers (Philox 4x32-10, Salmon et al., SC 2011): every draw is a pure
 * function of (seed, stream, step, index), so a pass can be repeated with the same draws and
 * results do not depend on who drew before.
 *
 * <p>Integers and uniforms are bit-equal on every back end.
 *
 * @param seed the run's seed
 * @param stream which consumer: a layer, a data set, a shuffle
 * @param step the training step or epoch
 */
public record CounterRandom(long seed, int stream, int step) {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;

  /** 32 random bits for a draw. */
  public int bits(long index) {
    long block = index >>> 2;
    int c0 = (int) block;
    int c1 = (int) (block >>> 32);
    int c2 = stream;
    int c3 = step;
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    for (int round = 0; round < 10; round++) {
      long p0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return switch ((int) (index & 3)) {
      case 0 -> c0;
      case 1 -> c1;
      case 2 -> c2;
      default -> c3;
    };
  }

  /** Uniform in [0, 1) with 24 random bits, exact in float. */
  public float uniform(long index) {
    return (bits(index) >>> 8) * 0x1.0p-24f;
  }

  /** Standard normal by Box-Muller from draws 2 index and 2 index + 1. */
  public double normal(long index) {
    double radius = Math.sqrt(-2 * Math.log1p(-(double) uniform(2 * index)));
    return radius * Math.cos(2 * Math.PI * uniform(2 * index + 1));
  }

  /** Uniform in [0, bound) by multiplication; the bias is at most bound / 2^32. */
  public int below(long index, int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound is " + bound + ", want > 0");
    }
    return (int) (((bits(index) & 0xFFFFFFFFL) * bound) >>> 32);
  }

  /** A random order of 0 .. n - 1 (Fisher-Yates). */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    for (int i = n - 1; i > 0; i--) {
      int j = below(i, i + 1);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }
}
