package dev.lacuna;

/**
 * How to open a context.
 *
 * @param device where ops run
 * @param threads cap on worker threads of the CPU back end, 0 for every core
 * @param tier cap on the CPU back end's instruction set
 */
public record OpenOptions(Device device, int threads, Tier tier) {
  /** The best device with all cores. */
  public static final OpenOptions DEFAULT = new OpenOptions(Device.AUTO, 0, Tier.BEST);

  /** Checks the ranges. */
  public OpenOptions {
    if (threads < 0) {
      throw new IllegalArgumentException("threads is " + threads + ", want >= 0 (0 = every core)");
    }
  }

  /** The same on another device. */
  public OpenOptions withDevice(Device where) {
    return new OpenOptions(where, threads, tier);
  }

  /** The same with another cap on threads. */
  public OpenOptions withThreads(int count) {
    return new OpenOptions(device, count, tier);
  }

  /** The same with another tier. */
  public OpenOptions withTier(Tier best) {
    return new OpenOptions(device, threads, best);
  }
}
