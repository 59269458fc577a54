package dev.lacuna.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Masked read-only attention. */
@State(Scope.Benchmark)
public class AttentionBenchmark extends OursBenchmark {
  /** The workload. */
  @Param({
    "attention_forward:8x12x197x16x64",
    "attention_forward_backward:8x12x197x16x64",
    "attention_prompts:8x12x197x16x64"
  })
  public String work = "";

  @Override
  protected String work() {
    return work;
  }
}
