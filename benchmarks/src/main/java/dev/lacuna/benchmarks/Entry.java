package dev.lacuna.benchmarks;

/** A contender that can be timed, in a process of its own. */
public interface Entry {
  /** Whose it is: {@code lacuna}, {@code libtorch}, {@code faiss} ... */
  String peer();

  /** What it does, where there are several ways. */
  String form();

  /**
   * Whether this is how people write it rather than our own algorithm: it is then compared without
   * a bar.
   */
  boolean usual();

  /** What was set to make it fast, as anybody could set it. */
  String settings();

  /** Runs it in a fresh process. */
  Sample measure(Effort effort);

  /**
   * What one fresh process gave.
   *
   * @param milliseconds of its runs
   * @param result for the workload's check
   * @param facts as what it ran, by its own account
   */
  record Sample(Spread milliseconds, float[] result, String facts) {}
}
