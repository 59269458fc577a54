package dev.lacuna.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Recursive-least-squares projection: update and projection. */
@State(Scope.Benchmark)
public class RlsBenchmark extends OursBenchmark {
  /** The workload. */
  @Param({"rls:2048x101", "rls:4096x1000x64"})
  public String work = "";

  @Override
  protected String work() {
    return work;
  }
}
