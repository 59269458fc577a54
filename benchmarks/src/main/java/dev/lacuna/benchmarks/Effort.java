package dev.lacuna.benchmarks;

/**
 * How long one fork measures.
 *
 * @param warmups iterations before the first that counts
 * @param iterations iterations that count
 * @param milliseconds least duration of an iteration
 */
public record Effort(int warmups, int iterations, int milliseconds) {
  /** For a table: about 2 seconds. */
  public static final Effort FULL = new Effort(3, 4, 300);

  /** For a glance. */
  public static final Effort QUICK = new Effort(2, 3, 200);

  /** For what takes seconds a run. */
  public static final Effort ONCE = new Effort(1, 1, 1);
}
