package dev.lacuna.training.cli;

import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import picocli.CommandLine.Option;

/** Where to compute. */
final class BackendOptions {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, cpu, cuda, reference or reference-f64 (default: ${DEFAULT-VALUE}).")
  private String backend = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Worker threads, 0 for every core (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--tier",
      paramLabel = "TIER",
      defaultValue = "best",
      description =
          "Cap on the CPU's instruction set: best, scalar, avx2, avx512 (default: ${DEFAULT-VALUE}).")
  private Tier tier = Tier.BEST;

  /** How to open a context; numbers that cannot be are refused. */
  OpenOptions options() {
    return new OpenOptions(backend, threads, tier, 0);
  }
}
