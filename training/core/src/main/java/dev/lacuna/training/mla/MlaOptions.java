package dev.lacuna.training.mla;

import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.mla.AlternatingStep.Projection;

/**
 * How to train MLA or its baseline.
 *
 * @param method MLA, or joint late fusion for comparison
 * @param width features that an encoder gives
 * @param epochs passes over the training samples
 * @param batch samples a step
 * @param learningRate of the encoders at the start
 * @param shift random shifts of training inputs, such as image=1
 * @param headRate learning rate of the head relative to the encoders'
 * @param momentum of SGD
 * @param weightDecay decoupled
 * @param projection RLS, or NONE for the ablation
 * @param order whether the gradient is projected before or after the features are absorbed
 * @param norm what is done to P after each update
 * @param fusion DYNAMIC by entropy, or FIXED shares
 */
public record MlaOptions(
    Method method,
    int width,
    int epochs,
    int batch,
    double learningRate,
    String shift,
    double headRate,
    double momentum,
    double weightDecay,
    Projection projection,
    Order order,
    Norm norm,
    Fusion.Mode fusion) {
  /** P is [width, width]; wider features than this are no use for a small encoder. */
  private static final int MAX_WIDTH = 16_384;

  /** Checks the ranges. */
  public MlaOptions {
    require(width >= 1 && width <= MAX_WIDTH, "width", width, "1 to " + MAX_WIDTH);
    require(epochs >= 1, "epochs", epochs, ">= 1");
    require(batch >= 1, "batch", batch, ">= 1");
    require(positive(learningRate), "learning rate", learningRate, "a number > 0");
    require(positive(headRate), "head rate", headRate, "a number > 0");
    require(momentum >= 0 && momentum < 1, "momentum", momentum, "0 <= momentum < 1");
    require(
        weightDecay == 0 || positive(weightDecay), "weight decay", weightDecay, "a number >= 0");
  }

  private static boolean positive(double value) {
    return value > 0 && value < Double.POSITIVE_INFINITY;
  }

  private static void require(boolean met, String name, Number value, String wanted) {
    if (!met) {
      throw new IllegalArgumentException(name + " is " + value + ", want " + wanted);
    }
  }

  /** What is trained. */
  public enum Method {
    /** Alternating unimodal steps with a shared head. */
    MLA,
    /**
     * One loss on the mean of the logits of the modalities that are present, each with a head of
     * its own.
     */
    LATE_FUSION
  }
}
