package dev.lacuna.training.cli;

import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.multimodal.mla.AlternatingStep.Alpha;
import dev.lacuna.multimodal.mla.AlternatingStep.HeadState;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.multimodal.mla.AlternatingStep.Reset;
import dev.lacuna.multimodal.mla.AlternatingStep.StaleGradient;
import dev.lacuna.optim.GradientProjector.Apply;
import dev.lacuna.optim.GradientProjector.FirstCall;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.mla.Mla;
import dev.lacuna.training.mla.MlaOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lacuna train mla}. */
@Command(
    footer = {
      "",
      "Examples:",
      "  lacuna train --missing 0.5          half of the samples lose one modality",
      "  lacuna train --missing audio=0.7    seven in ten lose the sound",
      "  lacuna train mla --no-projection    ablation: no gradient projection",
      "  lacuna train --json > result.json   the results as JSON"
    })
final class TrainMla extends TrainSystem<MlaOptions> {
  @Mixin private WidthOption encoder = new WidthOption();

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      defaultValue = "lacuna",
      description =
          "Where other options begin: lacuna (the method as it is meant), official (as the "
              + "authors' code does it, bugs included) or balance_benchmark (as that project does) "
              + "(default: ${DEFAULT-VALUE}).")
  private Preset preset = Preset.LACUNA;

  @Option(
      names = "--projection",
      paramLabel = "WHAT",
      description =
          "What is projected: rls (the gradient), rls_update (what the optimiser would do) or none (default: that of the preset, rls).")
  private @Nullable Projection projection;

  @Option(names = "--no-projection", description = "Ablation: the same as --projection none.")
  private boolean noProjection;

  @Option(
      names = "--order",
      paramLabel = "ORDER",
      description =
          "project_then_absorb or absorb_then_project (default: that of the preset, the first).")
  private @Nullable Order order;

  @Option(
      names = "--norm",
      paramLabel = "NORM",
      description =
          "Norm that P is divided by after each update: fro or none (default: that of the preset, fro).")
  private @Nullable Norm norm;

  @Option(
      names = "--denominator",
      paramLabel = "HOW",
      description =
          "scalar, or elementwise_compat to repeat the official code's bug; slow (default: that of the preset, scalar).")
  private @Nullable Denominator denominator;

  @Option(
      names = "--apply",
      paramLabel = "HOW",
      description =
          "Whether the projected gradient replaces the gradient or is added: replace or add (default: that of the preset, replace).")
  private @Nullable Apply apply;

  @Option(
      names = "--forgetting",
      paramLabel = "X",
      description =
          "Share of what P remembers that is kept with each batch, up to 1; slow below 1 (default: that of the preset, 1).")
  private @Nullable Double forgetting;

  @Option(
      names = "--first-call",
      paramLabel = "HOW",
      description =
          "Whether the first batch counts for P: used or skipped (default: that of the preset, used).")
  private @Nullable FirstCall firstCall;

  @Option(
      names = "--alpha",
      paramLabel = "START[,END]",
      split = ",",
      description =
          "The gain's constant at the start and the end of each epoch; smaller remembers more "
              + "firmly (default: that of the preset, 0.1,0.01).")
  private @Nullable List<Double> alpha;

  @Option(
      names = "--reset",
      paramLabel = "WHEN",
      description = "When P is forgotten: never or epoch (default: that of the preset, never).")
  private @Nullable Reset reset;

  @Option(
      names = "--head-state",
      paramLabel = "WHOSE",
      description =
          "Momentum of the head: per_modality or shared (default: that of the preset, per_modality).")
  private @Nullable HeadState headState;

  @Option(
      names = "--stale-gradient",
      paramLabel = "FATE",
      description =
          "What becomes of an encoder's gradient after its step: dropped or zeroed (default: that of the preset, dropped).")
  private @Nullable StaleGradient staleGradient;

  @Option(
      names = "--head-rate",
      paramLabel = "X",
      description =
          "Learning rate of the shared head relative to the encoders' (default: that of the preset, 1).")
  private @Nullable Double headRate;

  @Mixin private FusionOption fusion = new FusionOption();

  @Option(
      names = "--shares",
      paramLabel = "X,X...",
      split = ",",
      description = "Of fixed fusion, one for each modality in order (default: equal).")
  private List<Double> shares = List.of();

  TrainMla() {
    super(new Mla());
  }

  /** Where the options begin. */
  enum Preset {
    LACUNA,
    OFFICIAL,
    BALANCE_BENCHMARK;

    private AlternatingStep.Options options() {
      return switch (this) {
        case LACUNA -> AlternatingStep.Options.DEFAULT;
        case OFFICIAL -> AlternatingStep.Options.official();
        case BALANCE_BENCHMARK -> AlternatingStep.Options.balanceBenchmark();
      };
    }
  }

  @Override
  Sgd.Decay standardDecay() {
    return preset.options().sgd().decay();
  }

  @Override
  MlaOptions options() {
    MlaOptions from = MlaOptions.of(encoder.width, preset.options(), fusion.mode, shares);
    return new MlaOptions(
        encoder.width,
        noProjection ? Projection.NONE : or(projection, from.projection()),
        or(order, from.order()),
        or(norm, from.norm()),
        or(denominator, from.denominator()),
        or(apply, from.apply()),
        or(forgetting, from.forgetting()),
        or(firstCall, from.firstCall()),
        alpha == null ? from.alpha() : alpha(alpha),
        or(reset, from.reset()),
        or(headState, from.headState()),
        or(staleGradient, from.staleGradient()),
        or(headRate, from.headRate()),
        fusion.mode,
        shares);
  }

  private static Alpha alpha(List<Double> given) {
    if (given.size() > 2) {
      throw new IllegalArgumentException("alpha is " + given + ", want START or START,END");
    }
    return new Alpha(given.getFirst(), given.getLast());
  }

  private static <T> T or(@Nullable T given, T standard) {
    return given == null ? standard : given;
  }
}
