package dev.lacuna.training.cli;

import dev.lacuna.multimodal.Fusion;
import picocli.CommandLine.Option;

/** How predictions of modalities are fused. */
final class FusionOption {
  @Option(
      names = "--fusion",
      paramLabel = "MODE",
      defaultValue = "dynamic",
      description =
          "dynamic (by entropy, for each sample) or fixed (equal shares where none are given) "
              + "(default: ${DEFAULT-VALUE}).")
  Fusion.Mode mode = Fusion.Mode.DYNAMIC;
}
