package dev.lacuna.training.cli;

import picocli.CommandLine.Option;

/** How wide encoders' features are. */
final class WidthOption {
  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "64",
      description = "Features that an encoder gives (default: ${DEFAULT-VALUE}).")
  int width;
}
