package dev.lacuna.benchmarks;

import java.util.List;

/** Somebody else's library; found by {@link java.util.ServiceLoader}. */
public interface Peer {
  /** Its name and version, or why it takes no part. */
  String describe();

  /** All that it can do at a workload, empty where that is nothing. */
  List<Entry> entries(Workload workload, Terms terms);

  /**
   * What is the same for all.
   *
   * @param threads how many each may use
   * @param avx2 whether everybody is held to AVX2
   */
  record Terms(int threads, boolean avx2) {}
}
