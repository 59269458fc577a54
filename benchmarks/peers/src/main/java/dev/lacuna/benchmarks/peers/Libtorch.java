package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.AttentionWork;
import dev.lacuna.benchmarks.Entry;
import dev.lacuna.benchmarks.JmhEntry;
import dev.lacuna.benchmarks.Peer;
import dev.lacuna.benchmarks.RlsWork;
import dev.lacuna.benchmarks.VicRegWork;
import dev.lacuna.benchmarks.VqSearchWork;
import dev.lacuna.benchmarks.VqTrainingWork;
import dev.lacuna.benchmarks.Workload;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * libtorch 2.10 with OpenBLAS. Its own threads (OpenMP) and OpenBLAS's do not know of each other:
 * with both on, a small product costs up to twenty times more. So every form is tried with the
 * threads on one side and on the other, and the faster counts.
 */
public final class Libtorch implements Peer {
  /** For {@link java.util.ServiceLoader}. */
  public Libtorch() {}

  @Override
  public String describe() {
    return "libtorch 2.10.0 with OpenBLAS 0.3.31 (org.bytedeco)";
  }

  /** Ways to do a workload, the usual ones marked by a star at their end. */
  static List<String> forms(Workload workload) {
    return switch (workload) {
      case AttentionWork attention ->
          switch (attention.pass) {
            case FORWARD -> List.of("two calls", "one call", "dense mask*");
            case FORWARD_BACKWARD -> List.of("two calls", "dense mask*");
            case PROMPTS -> List.of("autograd", "closed form");
          };
      case VqSearchWork search ->
          List.of("blocks of 256", "blocks of 1024", "two threads of blocks", "whole*");
      case VqTrainingWork training -> List.of("index_add", "one-hot*");
      case VicRegWork vicReg ->
          List.of(vicReg.n < vicReg.d ? "Gram form" : "covariance form", "autograd*");
      case RlsWork rls ->
          rls.batch > 0
              ? List.of("H P first", "H P first, addmm", "dW P*")
              : List.of("addr", "addmm", "outer*");
      default -> List.of();
    };
  }

  @Override
  public List<Entry> entries(Workload workload, Terms terms) {
    List<Entry> entries = new ArrayList<>();
    for (String form : forms(workload)) {
      if (terms.threads() == 1 && form.startsWith("two threads")) {
        continue;
      }
      entries.add(entry(workload, terms, form, terms.threads(), 1));
      if (terms.threads() > 1 && !form.startsWith("two threads")) {
        entries.add(entry(workload, terms, form, 1, terms.threads()));
      }
    }
    return entries;
  }

  private static Entry entry(Workload workload, Terms terms, String form, int own, int blas) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("OMP_NUM_THREADS", Integer.toString(own));
    environment.put("OPENBLAS_NUM_THREADS", Integer.toString(blas));
    environment.put("OPENBLAS_CORETYPE", terms.avx2() ? "Haswell" : "");
    environment.put("OPENBLAS_L2_SIZE", "");
    if (terms.avx2()) {
      environment.put("ATEN_CPU_CAPABILITY", "avx2");
      environment.put("ONEDNN_MAX_CPU_ISA", "AVX2");
      environment.put("DNNL_MAX_CPU_ISA", "AVX2");
    }
    StringBuilder settings = new StringBuilder();
    environment.forEach((name, value) -> {
      if (!value.isEmpty()) {
        settings.append(settings.isEmpty() ? "" : " ").append(name).append('=').append(value);
      }
    });
    boolean usual = form.endsWith("*");
    return new JmhEntry(
        "libtorch",
        (usual ? form.substring(0, form.length() - 1) : form) + " " + own + "/" + blas,
        usual,
        settings.toString(),
        LibtorchBenchmark.class,
        Map.of("work", workload.name(), "form", form, "threads", Integer.toString(terms.threads())),
        environment,
        List.of("-Dorg.bytedeco.javacpp.cachedir=" + Caches.folder("javacpp")));
  }
}
