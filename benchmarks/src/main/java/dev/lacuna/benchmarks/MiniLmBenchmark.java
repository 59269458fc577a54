package dev.lacuna.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A frozen text transformer. */
@State(Scope.Benchmark)
public class MiniLmBenchmark extends OursBenchmark {
  /** The workload. */
  @Param({"minilm:32x64", "minilm:1x16"})
  public String work = "";

  @Override
  protected String work() {
    return work;
  }
}
