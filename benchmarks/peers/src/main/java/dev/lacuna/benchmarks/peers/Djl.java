package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.AttentionWork;
import dev.lacuna.benchmarks.Entry;
import dev.lacuna.benchmarks.JmhEntry;
import dev.lacuna.benchmarks.MiniLmWork;
import dev.lacuna.benchmarks.Peer;
import dev.lacuna.benchmarks.VqTrainingWork;
import dev.lacuna.benchmarks.Workload;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The official libtorch 2.7 with MKL, through the arrays of the Deep Java Library. Those have
 * matrix products, softmax and argmax, but no fused attention, no addmm and no index_add: the
 * backward pass of attention, the training step of a quantiser and the transformer are left out.
 */
public final class Djl implements Peer {
  /** For {@link java.util.ServiceLoader}. */
  public Djl() {}

  @Override
  public String describe() {
    return "libtorch 2.7.1 with MKL, the official build (ai.djl.pytorch)";
  }

  @Override
  public List<Entry> entries(Workload workload, Terms terms) {
    boolean able =
        !(workload instanceof VqTrainingWork || workload instanceof MiniLmWork)
            && !(workload instanceof AttentionWork attention
                && attention.pass == AttentionWork.Pass.FORWARD_BACKWARD);
    if (!able) {
      return List.of();
    }
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("OMP_NUM_THREADS", Integer.toString(terms.threads()));
    environment.put("MKL_NUM_THREADS", Integer.toString(terms.threads()));
    environment.put("PYTORCH_FLAVOR", "cpu");
    String settings = "OMP_NUM_THREADS=" + terms.threads() + " MKL_NUM_THREADS=" + terms.threads();
    if (terms.avx2()) {
      environment.put("ATEN_CPU_CAPABILITY", "avx2");
      environment.put("MKL_ENABLE_INSTRUCTIONS", "AVX2");
      environment.put("ONEDNN_MAX_CPU_ISA", "AVX2");
      settings += " ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2";
    }
    return List.of(
        new JmhEntry(
            "libtorch-MKL",
            "by NDArray",
            false,
            settings,
            DjlBenchmark.class,
            Map.of("work", workload.name(), "threads", Integer.toString(terms.threads())),
            environment,
            List.of(
                "-Dslf4j.internal.verbosity=ERROR",
                "-Dai.djl.offline=true",
                "-DDJL_CACHE_DIR=" + Caches.folder("djl"),
                "-DENGINE_CACHE_DIR=" + Caches.folder("djl"),
                "-Dai.djl.pytorch.num_threads=" + terms.threads())));
  }
}
