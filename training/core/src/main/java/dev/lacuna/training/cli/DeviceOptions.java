package dev.lacuna.training.cli;

import dev.lacuna.Device;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where to compute. */
final class DeviceOptions {
  private static final String DEVICE = "--device";
  private static final String THREADS = "--threads";
  private static final String TIER = "--tier";

  static final List<String> NAMES = List.of(DEVICE, THREADS, TIER);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = DEVICE,
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "auto, cpu, cuda, cuda:1 (the second GPU), reference or reference-f64 (plain Java, slow) "
              + "(default: ${DEFAULT-VALUE}).")
  private String device = "auto";

  @Option(
      names = THREADS,
      paramLabel = "N",
      defaultValue = "0",
      description = "Worker threads, 0 for every core (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = TIER,
      paramLabel = "TIER",
      defaultValue = "best",
      description =
          "Cap on the CPU's instruction set: best, scalar, avx2, avx512 (default: ${DEFAULT-VALUE}).")
  private Tier tier = Tier.BEST;

  /** How to open a context; what cannot be is refused. */
  OpenOptions options() {
    try {
      return new OpenOptions(Device.parse(device), threads, tier);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
