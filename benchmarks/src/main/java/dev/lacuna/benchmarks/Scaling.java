package dev.lacuna.benchmarks;

import dev.lacuna.benchmarks.Machine.Bound;

/**
 * What more threads give a kernel, beside what they give the machine at what binds it.
 *
 * @param work the workload's name
 * @param bound what binds it
 * @param one milliseconds on one thread
 * @param all milliseconds on all
 * @param possible how many times faster it could become: the number of threads where arithmetic
 *     binds, else what the same mix of accesses gains
 */
record Scaling(String work, Bound bound, double one, double all, double possible) {
  /** The share of the possible gain that is wanted. */
  static final double BAR = 0.9;

  static Scaling of(String work, Bound bound, double one, double all, Machine machine) {
    double possible = bound == Bound.COMPUTE ? machine.threads() : machine.gain(bound);
    return new Scaling(work, bound, one, all, possible);
  }

  double gain() {
    return one / all;
  }

  double share() {
    return gain() / possible;
  }

  boolean isShort() {
    return share() < BAR;
  }
}
