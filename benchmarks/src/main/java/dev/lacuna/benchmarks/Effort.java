package dev.lacuna.benchmarks;

/**
 * How long one fork measures.
 *
 * @param warmup milliseconds before the first run that counts: a young JVM's compilers share the
 *     cores with the kernel, and slow it by up to a half in the first second
 * @param measured milliseconds of runs that count; at least one run
 */
public record Effort(int warmup, int measured) {
  /** For a table. */
  public static final Effort FULL = new Effort(1000, 1000);

  /** For a glance. */
  public static final Effort QUICK = new Effort(700, 500);
}
