package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.AttentionWork;
import dev.lacuna.benchmarks.Contender;
import dev.lacuna.benchmarks.KernelBenchmark;
import dev.lacuna.benchmarks.RlsWork;
import dev.lacuna.benchmarks.VicRegWork;
import dev.lacuna.benchmarks.VqSearchWork;
import dev.lacuna.benchmarks.VqTrainingWork;
import dev.lacuna.benchmarks.Workload;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** libtorch at one workload in one way. */
@State(Scope.Benchmark)
public class LibtorchBenchmark extends KernelBenchmark {
  /** The workload. */
  @Param("vq_search:16384x256x512")
  public String work = "";

  /** The way, as {@link Libtorch#forms} names it. */
  @Param("blocks of 1024")
  public String form = "";

  /** Threads that a form makes by itself. */
  @Param("2")
  public int threads;

  @Override
  protected Contender open() {
    Workload workload = Workload.of(work);
    return switch (workload) {
      case AttentionWork attention -> new TorchAttention(attention, form);
      case VqSearchWork search -> new TorchVqSearch(search, form, threads);
      case VqTrainingWork training -> new TorchVqTraining(training, form);
      case VicRegWork vicReg -> new TorchVicReg(vicReg, form);
      case RlsWork rls -> new TorchRls(rls, form);
      default -> throw new IllegalArgumentException("libtorch does not do " + work);
    };
  }
}
