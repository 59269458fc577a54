package dev.lacuna.training.mla;

import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.multimodal.mla.AlternatingStep.Alpha;
import dev.lacuna.multimodal.mla.AlternatingStep.HeadState;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;
import dev.lacuna.multimodal.mla.AlternatingStep.Reset;
import dev.lacuna.multimodal.mla.AlternatingStep.StaleGradient;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.GradientProjector.Apply;
import dev.lacuna.optim.GradientProjector.FirstCall;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.encoder.SmallEncoder;
import dev.lacuna.training.loop.Ranges;
import dev.lacuna.training.loop.UnimodalOutputs.FusionRule;
import java.util.List;

/**
 * MLA's own options, see {@link AlternatingStep.Options} and {@link GradientProjector.Options}.
 *
 * @param width features that an encoder gives
 * @param projection what is projected of the head's weight
 * @param order whether features are absorbed before or after the projection
 * @param norm what is done to P after each update
 * @param denominator SCALAR, or ELEMENTWISE_COMPAT to repeat the official code's bug
 * @param apply whether the projected gradient replaces the gradient or is added to it
 * @param forgetting share of what P remembers that is kept with every vector; 1 forgets nothing
 * @param firstCall whether the first call ever counts
 * @param alpha the gain's constant at the start and the end of an epoch
 * @param reset when P goes back to I
 * @param headState whose momentum moves the head
 * @param staleGradient what becomes of an encoder's gradient after its step
 * @param headRate learning rate of the head relative to the encoders'
 * @param fusion DYNAMIC by entropy, or FIXED
 * @param shares of the modalities in FIXED fusion, in their order; none for equal ones
 */
public record MlaOptions(
    int width,
    Projection projection,
    Order order,
    Norm norm,
    Denominator denominator,
    Apply apply,
    double forgetting,
    FirstCall firstCall,
    Alpha alpha,
    Reset reset,
    HeadState headState,
    StaleGradient staleGradient,
    double headRate,
    Fusion.Mode fusion,
    List<Double> shares) {
  /** What a user gets who gives none. */
  public static final MlaOptions DEFAULT =
      of(64, AlternatingStep.Options.DEFAULT, Fusion.Mode.DYNAMIC, List.of());

  /** Checks the ranges. */
  public MlaOptions {
    SmallEncoder.requireWidth(width);
    shares = List.copyOf(shares);
    boolean positive = shares.stream().allMatch(share -> share > 0 && share < 1e300);
    if (!positive || (fusion == Fusion.Mode.DYNAMIC && !shares.isEmpty())) {
      throw new IllegalArgumentException(
          "shares are " + shares + ", want numbers > 0, and fusion fixed");
    }
    Ranges.requirePositive("head rate", headRate);
    GradientProjector.Options.requireForgetting(forgetting);
  }

  /** Options of a step, but for its optimiser's, which are those of all training. */
  public static MlaOptions of(
      int width, AlternatingStep.Options step, Fusion.Mode fusion, List<Double> shares) {
    GradientProjector.Options projector = step.projector();
    return new MlaOptions(
        width,
        step.projection(),
        projector.order(),
        projector.norm(),
        projector.denominator(),
        projector.apply(),
        projector.forgetting(),
        projector.firstCall(),
        step.alpha(),
        step.reset(),
        step.headState(),
        step.staleGradient(),
        step.headRate(),
        fusion,
        shares);
  }

  /** Options of the step with an optimiser's. */
  AlternatingStep.Options step(Sgd.Options sgd) {
    return new AlternatingStep.Options(
        projection,
        new GradientProjector.Options(order, norm, denominator, apply, forgetting, firstCall),
        alpha,
        reset,
        sgd,
        headState,
        staleGradient,
        headRate);
  }

  /** How predictions of modalities are fused. */
  FusionRule fusion(List<String> modalities) {
    if (shares.isEmpty()) {
      return FusionRule.of(fusion);
    }
    if (shares.size() != modalities.size()) {
      throw new IllegalArgumentException(
          "there are " + shares.size() + " shares, want one for each of " + modalities);
    }
    return FusionRule.of(shares.stream().mapToDouble(Double::doubleValue).toArray());
  }
}
