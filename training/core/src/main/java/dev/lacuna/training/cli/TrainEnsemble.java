package dev.lacuna.training.cli;

import dev.lacuna.training.baseline.EnsembleOptions;
import dev.lacuna.training.baseline.UnimodalEnsemble;
import picocli.CommandLine.Mixin;

/** {@code lacuna train unimodal_ensemble}. */
final class TrainEnsemble extends TrainSystem<EnsembleOptions> {
  @Mixin private WidthOption encoder = new WidthOption();

  @Mixin private FusionOption fusion = new FusionOption();

  TrainEnsemble() {
    super(new UnimodalEnsemble());
  }

  @Override
  EnsembleOptions options() {
    return new EnsembleOptions(encoder.width, fusion.mode);
  }
}
