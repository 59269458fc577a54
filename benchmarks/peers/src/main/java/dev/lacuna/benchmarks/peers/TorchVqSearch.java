package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.VqSearchWork;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * argmin of |e|^2 - 2 z.e by a matrix product: in blocks of rows that stay in the cache, one after
 * the other or on threads of our own, or whole with |z|^2 as people write it.
 */
final class TorchVqSearch extends TorchContender {
  private static final int LARGE = 1024;
  private static final int SMALL = 256;

  private final String form;
  private final int threads;
  private final AutoGradMode mode = new AutoGradMode(false);
  private final Tensor z;
  private final Tensor codebook;
  private final Tensor index;

  TorchVqSearch(VqSearchWork work, String form, int threads) {
    this.form = form;
    this.threads = threads;
    z = tensor(work.z, work.n, work.d);
    codebook = tensor(work.codebook, work.k, work.d);
    index = torch.zeros(work.n).to(torch.ScalarType.Long);
  }

  @Override
  List<Tensor> work() {
    switch (form) {
      case "whole*" -> whole();
      case "two threads of blocks" -> onThreads();
      case "blocks of 256" -> search(z, codebook, index, SMALL, 0, 1);
      default -> search(z, codebook, index, LARGE, 0, 1);
    }
    return List.of(index);
  }

  private void whole() {
    Tensor norms = sum(z.square(), 1, true).add(codebook.square().sum(1));
    Tensor distances = torch.addmm(norms, z, codebook.t(), scalar(1), scalar(-2));
    torch.argmin_out(index, distances, ROWS, false);
  }

  /** Every {@code step}th block of rows from the {@code first} on. */
  static void search(Tensor z, Tensor codebook, Tensor index, int block, int first, int step) {
    long n = z.size(0);
    long rows = Math.min(block, n);
    Tensor norms = codebook.square().sum(1);
    Tensor codes = codebook.t();
    Tensor distances = torch.zeros(rows, codebook.size(0));
    Tensor nearest = torch.zeros(rows);
    for (long row = first * rows; row < n; row += step * rows) {
      try (PointerScope _ = new PointerScope()) {
        long count = Math.min(rows, n - row);
        Tensor to = distances.narrow(0, 0, count);
        torch.addmm_out(to, norms, z.narrow(0, row, count), codes, scalar(1), scalar(-2));
        torch.min_out(nearest.narrow(0, 0, count), index.narrow(0, row, count), to, 1, false);
      }
    }
  }

  private void onThreads() {
    List<Thread> crew = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int first = t;
      crew.add(
          Thread.ofPlatform()
              .start(() -> {
                torch.set_num_threads(1);
                try (PointerScope _ = new PointerScope();
                    AutoGradMode _ = new AutoGradMode(false)) {
                  search(z, codebook, index, LARGE, first, threads);
                }
              }));
    }
    try {
      for (Thread member : crew) {
        member.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public void close() {
    mode.close();
  }
}
