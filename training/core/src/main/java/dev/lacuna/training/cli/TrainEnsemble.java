package dev.lacuna.training.cli;

import dev.lacuna.multimodal.Fusion;
import dev.lacuna.training.baseline.EnsembleOptions;
import dev.lacuna.training.baseline.UnimodalEnsemble;
import picocli.CommandLine.Option;

/** {@code lacuna train unimodal_ensemble}. */
final class TrainEnsemble extends TrainSystem<EnsembleOptions> {
  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "64",
      description = "Features that an encoder gives (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--fusion",
      paramLabel = "MODE",
      defaultValue = "dynamic",
      description =
          "dynamic (by entropy, for each sample) or fixed (equal shares) (default: ${DEFAULT-VALUE}).")
  private Fusion.Mode fusion = Fusion.Mode.DYNAMIC;

  TrainEnsemble() {
    super(new UnimodalEnsemble());
  }

  @Override
  EnsembleOptions options() {
    return new EnsembleOptions(width, fusion);
  }
}
