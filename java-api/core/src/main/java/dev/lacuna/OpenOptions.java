package dev.lacuna;

/**
 * How to open a context.
 *
 * @param backend {@code auto} (the best usable one), {@code cpu}, {@code cuda}, {@code reference}
 *     or {@code reference-f64}
 * @param threads cap on worker threads of the CPU back end, 0 for every core
 * @param tier cap on the CPU back end's instruction set
 * @param device ordinal of the CUDA device
 */
public record OpenOptions(String backend, int threads, Tier tier, int device) {
  /** The best back end with all cores. */
  public static final OpenOptions DEFAULT = new OpenOptions("auto", 0, Tier.BEST, 0);

  /** Checks the ranges. */
  public OpenOptions {
    if (threads < 0) {
      throw new IllegalArgumentException("threads is " + threads + ", want >= 0 (0 = every core)");
    }
    if (device < 0) {
      throw new IllegalArgumentException("device is " + device + ", want >= 0");
    }
  }

  /** The same with another back end. */
  public OpenOptions withBackend(String name) {
    return new OpenOptions(name, threads, tier, device);
  }

  /** The same with another cap on threads. */
  public OpenOptions withThreads(int count) {
    return new OpenOptions(backend, count, tier, device);
  }

  /** The same with another tier. */
  public OpenOptions withTier(Tier best) {
    return new OpenOptions(backend, threads, best, device);
  }
}
