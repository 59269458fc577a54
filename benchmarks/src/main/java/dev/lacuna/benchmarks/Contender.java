package dev.lacuna.benchmarks;

/** One way of doing a workload: ours, or a peer's. */
public interface Contender extends AutoCloseable {
  /** Does the work once: what is timed. */
  void run();

  /** The results of a fresh run, in the order that the workload names, for its check. */
  float[] result();

  /** As what it runs, where it can tell: instruction sets, threads. */
  default String facts() {
    return "";
  }

  @Override
  default void close() {}
}
