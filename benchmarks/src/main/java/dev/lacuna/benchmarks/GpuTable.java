package dev.lacuna.benchmarks;

import dev.lacuna.spi.BackendProvider;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What our kernels cost a GPU, by its own clock and with empty caches, held against a double
 * reference.
 */
final class GpuTable {
  /** How the stand-in driver's cards are called: what it takes there says nothing of a GPU. */
  private static final String STAND_IN = "stand-in";

  private static final int WARMUP = 2;

  /**
   * A job.
   *
   * @param kernel with its variant
   * @param milliseconds of all its ops, null where no GPU did them
   * @param gflops at the median time
   * @param gigabytes a second at the median time, each tensor moved once
   * @param error largest difference from a double reference, relative
   */
  record Line(
      String kernel,
      String shape,
      @Nullable Spread milliseconds,
      @Nullable Double gflops,
      @Nullable Double gigabytes,
      double error) {}

  /**
   * What --json writes.
   *
   * @param device facts of the back end: name, compute, driver ...
   */
  record Document(int schema, Map<String, String> device, int runs, List<Line> rows) {}

  private final BackendProvider provider;
  private final int index;
  private final int runs;
  private final long cache;
  private final PrintWriter out;

  /**
   * A table of one GPU.
   *
   * @param runs timed ones of each job, at least 1
   * @param cache bytes that are written before each op to empty the GPU's caches
   */
  GpuTable(BackendProvider provider, int index, int runs, long cache, PrintWriter out) {
    this.provider = provider;
    this.index = index;
    this.runs = runs;
    this.cache = cache;
    this.out = out;
  }

  /** Times jobs and prints a line for each. */
  Document run(List<Row> rows) {
    Map<String, String> device;
    List<Line> lines = new ArrayList<>();
    try (GpuClock.Opened gpu = GpuClock.open(provider, index, cache)) {
      device = facts(gpu.context().describe());
      boolean emulated = device.getOrDefault("name", "").contains(STAND_IN);
      print(
          String.format(
              Locale.ROOT,
              "%s, compute capability %s, driver of CUDA %s; caches emptied before each op",
              device.get("name"),
              device.get("compute"),
              device.get("driver")));
      if (emulated) {
        print("This is no GPU: results are checked, times would mean nothing and are left out.");
      }
      print(
          String.format(
              Locale.ROOT,
              "%-34s %-18s %10s %-21s %9s %7s %9s",
              "kernel",
              "shape",
              "ms",
              "(min..max)",
              "GFLOP/s",
              "GB/s",
              "error"));
      for (Row row : rows) {
        Line line = line(gpu, row, emulated);
        lines.add(line);
        print(line);
      }
    }
    return new Document(1, device, runs, lines);
  }

  private Line line(GpuClock.Opened gpu, Row row, boolean emulated) {
    Workload workload = Workload.of(row.work());
    List<Double> times = new ArrayList<>();
    double error;
    try (Contender kernel = workload.ours(gpu.context(), row.variant())) {
      error = workload.error(kernel.result());
      for (int i = 0; i < WARMUP + runs; i++) {
        gpu.clock().take();
        kernel.run();
        if (i >= WARMUP) {
          times.add(gpu.clock().take());
        }
      }
    }
    String name = workload.kernel() + row.variant().suffix();
    Spread spread = Spread.of(times);
    double perMillisecond = 1e-6 / spread.median();
    return emulated
        ? new Line(name, workload.shape(), null, null, null, error)
        : new Line(
            name,
            workload.shape(),
            spread,
            workload.flops(row.variant()) * perMillisecond,
            workload.bytes() * perMillisecond,
            error);
  }

  private void print(Line line) {
    Spread ms = line.milliseconds;
    print(
        String.format(
            Locale.ROOT,
            "%-34s %-18s %10s %-21s %9s %7s %9.1e",
            line.kernel,
            line.shape,
            ms == null ? "-" : String.format(Locale.ROOT, "%.4f", ms.median()),
            ms == null ? "" : String.format(Locale.ROOT, "(%.4f..%.4f)", ms.least(), ms.most()),
            line.gflops == null ? "-" : String.format(Locale.ROOT, "%.0f", line.gflops),
            line.gigabytes == null ? "-" : String.format(Locale.ROOT, "%.0f", line.gigabytes),
            line.error));
  }

  private void print(String text) {
    out.println(text);
    out.flush();
  }

  /** key=value pairs joined by ';'. */
  private static Map<String, String> facts(String text) {
    Map<String, String> facts = new LinkedHashMap<>();
    for (String fact : text.split(";", -1)) {
      int equals = fact.indexOf('=');
      if (equals > 0) {
        facts.put(fact.substring(0, equals), fact.substring(equals + 1));
      }
    }
    return facts;
  }
}
