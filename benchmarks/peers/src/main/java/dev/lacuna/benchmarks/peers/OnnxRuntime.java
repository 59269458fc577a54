package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.Entry;
import dev.lacuna.benchmarks.JmhEntry;
import dev.lacuna.benchmarks.MiniLmWork;
import dev.lacuna.benchmarks.Peer;
import dev.lacuna.benchmarks.Workload;
import java.util.List;
import java.util.Map;

/**
 * ONNX Runtime, the usual way to run an exported transformer on the JVM, with all its graph
 * optimisations. Its threads wait by spinning unless they are told not to: both ways are tried.
 */
public final class OnnxRuntime implements Peer {
  /** For {@link java.util.ServiceLoader}. */
  public OnnxRuntime() {}

  @Override
  public String describe() {
    return "ONNX Runtime 1.29.0 (com.microsoft.onnxruntime)";
  }

  @Override
  public List<Entry> entries(Workload workload, Terms terms) {
    // it has no way to be held to AVX2
    if (!(workload instanceof MiniLmWork) || terms.avx2()) {
      return List.of();
    }
    return terms.threads() == 1
        ? List.of(entry(workload, terms, true))
        : List.of(entry(workload, terms, true), entry(workload, terms, false));
  }

  private static Entry entry(Workload workload, Terms terms, boolean spinning) {
    return new JmhEntry(
        "onnxruntime",
        spinning ? "spinning" : "sleeping",
        false,
        "intra_op_num_threads=" + terms.threads() + " allow_spinning=" + (spinning ? 1 : 0),
        OnnxRuntimeBenchmark.class,
        Map.of(
            "work",
            workload.name(),
            "threads",
            Integer.toString(terms.threads()),
            "spinning",
            Boolean.toString(spinning)),
        Map.of(),
        List.of());
  }
}
