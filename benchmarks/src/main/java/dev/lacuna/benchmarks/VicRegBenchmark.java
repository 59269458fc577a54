package dev.lacuna.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** VICReg, loss and gradients. */
@State(Scope.Benchmark)
public class VicRegBenchmark extends OursBenchmark {
  /** The workload. */
  @Param({"vicreg:2048x2048", "vicreg:512x768", "vicreg:256x8192"})
  public String work = "";

  @Override
  protected String work() {
    return work;
  }
}
