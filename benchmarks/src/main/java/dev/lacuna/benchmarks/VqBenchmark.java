package dev.lacuna.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Vector quantisation: search and training step. */
@State(Scope.Benchmark)
public class VqBenchmark extends OursBenchmark {
  /** The workload. */
  @Param({
    "vq_search:16384x256x512",
    "vq_search:16384x256x8192",
    "vq_search:65536x64x1024",
    "vq_search_reset:16384x256x512",
    "vq_training:16384x256x512"
  })
  public String work = "";

  @Override
  protected String work() {
    return work;
  }
}
