package dev.lacuna.multimodal.mla;

import dev.lacuna.Context;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.Sgd;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MLA's training step: one modality at a time learns with its own encoder and the shared head,
 * whose weight gradient is projected so that what other modalities taught the head is kept. No loss
 * joins modalities, so samples need not be paired.
 *
 * <p>Every modality has momentum of its own, in the encoder and in the head: a step of one never
 * moves another.
 */
public final class AlternatingStep implements AutoCloseable {
  /** Whether the head's gradient is projected. */
  public enum Projection {
    RLS,
    NONE
  }

  /**
   * Settings.
   *
   * @param projection RLS, or NONE for the ablation
   * @param order which comes first, projecting or absorbing
   * @param norm what is done to P after each update
   * @param sgd momentum and weight decay
   * @param headRate learning rate of the head relative to the encoders'; FRO divides the head's
   *     gradient by ||P||_F, about sqrt(width) at the start, which this makes up for
   */
  public record Options(
      Projection projection,
      RlsProjector.Order order,
      RlsProjector.Norm norm,
      Sgd.Options sgd,
      double headRate) {}

  private final SharedHeadModel model;
  private final Options options;
  private final List<Sgd> encoders;
  private final List<Sgd> heads;
  private final @Nullable GradientProjector projector;

  /** Optimisers and projector for a model, run on a context of the same device. */
  public AlternatingStep(Context context, SharedHeadModel model, Options options) {
    this.model = model;
    this.options = options;
    encoders =
        model.encoders().stream()
            .map(e -> new Sgd(context, options.sgd(), e.parameters()))
            .toList();
    heads =
        model.encoders().stream()
            .map(e -> new Sgd(context, options.sgd(), model.head().weight().group()))
            .toList();
    projector =
        options.projection() == Projection.NONE
            ? null
            : new GradientProjector(
                context, model.head().weight(), options.order(), options.norm());
  }

  /**
   * The gain's constant within an epoch: 0.1^(1 + batch / batches), so that early batches of each
   * epoch are forgotten sooner (the official code's schedule).
   */
  public static double alpha(int batch, int batches) {
    return Math.pow(0.1, 1 + (double) batch / batches);
  }

  /**
   * One step of one modality. It is only set going: on a GPU nobody waits until the loss is read. A
   * loss that is not finite makes the parameters so; the projector refuses features that are not.
   *
   * @param tape holds x and labels; everything on it stays readable until its next reset
   * @param modality which encoder
   * @param x inputs of the samples that have the modality, at least one
   * @param labels their classes
   * @param learningRate of the encoder
   * @param alpha see {@link #alpha}
   * @return the loss before the step, on the tape
   */
  public Tensor apply(
      Tape tape, int modality, Tensor x, Tensor labels, double learningRate, double alpha) {
    model.store().zeroGrad();
    Tensor features = model.features(modality, x);
    Tensor loss = SoftmaxOp.crossEntropy(model.head().forward(features), labels);
    loss.backward();
    if (projector != null) {
      projector.apply(tape, features, alpha);
    }
    encoders.get(modality).step(learningRate);
    heads.get(modality).step(learningRate * options.headRate());
    return loss;
  }

  @Override
  public void close() {
    if (projector != null) {
      projector.close();
    }
  }
}
