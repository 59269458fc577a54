package dev.lacuna.multimodal.mla;

import dev.lacuna.Context;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.GradientProjector.Apply;
import dev.lacuna.optim.GradientProjector.FirstCall;
import dev.lacuna.optim.Sgd;
import dev.lacuna.spi.Memory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MLA's training step: one modality at a time learns with its own encoder and the shared head,
 * whose weight gradient is projected so that what other modalities taught the head is kept. No loss
 * joins modalities, so samples need not be paired. Call {@link #startBatch} for every batch, then
 * {@link #apply} for every modality that the batch has.
 *
 * <p>By default every modality has momentum of its own, in the encoder and in the head: a step of
 * one never moves another's encoder.
 */
public final class AlternatingStep implements Stateful, AutoCloseable {
  /** What is projected of the head's weight. */
  public enum Projection {
    /** Its gradient; momentum and decay come after and are not projected. */
    RLS,
    /** What the optimiser would do to it, momentum and decay included. */
    RLS_UPDATE,
    /** Nothing: the ablation. */
    NONE
  }

  /** When P goes back to I. */
  public enum Reset {
    NEVER,
    /** At the first batch of each epoch. */
    EPOCH
  }

  /** Whose momentum moves the head. */
  public enum HeadState {
    /** That of the modality whose step it is. */
    PER_MODALITY,
    /** One for all, as one optimiser over all parameters has it. */
    SHARED
  }

  /** What becomes of an encoder's gradient after its step. */
  public enum StaleGradient {
    /** It is dropped: the encoder rests until its next step. */
    DROPPED,
    /**
     * It becomes zero, as up to torch 1.x, until the next batch: momentum and decay move the
     * encoder again in the steps of the modalities that come after it in the batch.
     */
    ZEROED
  }

  /**
   * The gain's constant by progress: start (end / start)^(batch / batches), anew in each epoch.
   *
   * @param start at least 1e-6
   * @param end at least 1e-6
   */
  public record Alpha(double start, double end) {
    /**
     * 0.1^(1 + batch / batches), the official code's: early batches of each epoch are forgotten
     * sooner.
     */
    public static final Alpha OFFICIAL = new Alpha(0.1, 0.01);

    private static final double MIN = 1e-6;

    /** Checks the range. */
    public Alpha {
      if (!(Math.min(start, end) >= MIN) || Double.isInfinite(Math.max(start, end))) {
        throw new IllegalArgumentException(
            "alpha runs from " + start + " to " + end + ", want numbers >= " + MIN);
      }
    }

    /** The same always, as in OWM's scripts, of which the plain one uses 1. */
    public static Alpha constant(double value) {
      return new Alpha(value, value);
    }

    /** At a batch of an epoch of {@code batches}. */
    public double at(int batch, int batches) {
      double progress = (double) batch / batches;
      // From 0.1 to 0.01 this is 0.1^(1 + progress) to the bit, as the official code has it.
      return start == 1
          ? Math.pow(end, progress)
          : Math.pow(start, 1 + progress * (Math.log10(end) / Math.log10(start) - 1));
    }
  }

  /**
   * Settings.
   *
   * @param projection what is projected
   * @param projector how
   * @param alpha the gain's constant
   * @param reset when P goes back to I
   * @param sgd momentum and weight decay
   * @param headState whose momentum moves the head
   * @param staleGradient what becomes of an encoder's gradient after its step
   * @param headRate learning rate of the head relative to the encoders'; FRO divides the head's
   *     gradient by ||P||_F, about sqrt(width) at the start, which this makes up for
   */
  public record Options(
      Projection projection,
      GradientProjector.Options projector,
      Alpha alpha,
      Reset reset,
      Sgd.Options sgd,
      HeadState headState,
      StaleGradient staleGradient,
      double headRate) {
    /**
     * The method as it is meant: momentum 0.9, weight decay 1e-4 beside the step, each modality
     * apart.
     */
    public static final Options DEFAULT =
        new Options(
            Projection.RLS,
            GradientProjector.Options.DEFAULT,
            Alpha.OFFICIAL,
            Reset.NEVER,
            new Sgd.Options(0.9, 1e-4, Sgd.Decay.DECOUPLED, Sgd.Momentum.CLASSIC),
            HeadState.PER_MODALITY,
            StaleGradient.DROPPED,
            1);

    /** Checks the range. */
    public Options {
      if (!(headRate > 0 && headRate < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("headRate is " + headRate + ", want a number > 0");
      }
    }

    /**
     * As MLA's official code does it where its plugin acts, bugs included: absorbs first, divides
     * element by element, skips the first call, decays through the gradient, with one optimiser
     * whose gradients become zero. In the last version published the plugin looks for a parameter
     * of another name and never acts: that is {@code official().withProjection(NONE)}.
     */
    public static Options official() {
      return DEFAULT
          .withProjector(
              GradientProjector.Options.DEFAULT
                  .withOrder(Order.ABSORB_THEN_PROJECT)
                  .withNorm(Norm.FRO)
                  .withDenominator(Denominator.ELEMENTWISE_COMPAT)
                  .withFirstCall(FirstCall.SKIPPED))
          .withSgd(new Sgd.Options(0.9, 1e-4, Sgd.Decay.COUPLED, Sgd.Momentum.CLASSIC))
          .withHeadState(HeadState.SHARED)
          .withStaleGradient(StaleGradient.ZEROED);
    }

    /**
     * As BalanceBenchmark does it: as the official code, but adds the projected gradient to the raw
     * one, and runs on a torch that drops gradients. Its optimiser is taken to be SGD; its
     * configurations may name another.
     */
    public static Options balanceBenchmark() {
      Options official = official();
      return official
          .withProjector(official.projector().withApply(Apply.ADD))
          .withStaleGradient(StaleGradient.DROPPED);
    }

    /** With something else projected. */
    public Options withProjection(Projection value) {
      return new Options(value, projector, alpha, reset, sgd, headState, staleGradient, headRate);
    }

    /** With another projector. */
    public Options withProjector(GradientProjector.Options value) {
      return new Options(projection, value, alpha, reset, sgd, headState, staleGradient, headRate);
    }

    /** With another schedule of alpha. */
    public Options withAlpha(Alpha value) {
      return new Options(
          projection, projector, value, reset, sgd, headState, staleGradient, headRate);
    }

    /** With another time to reset P. */
    public Options withReset(Reset value) {
      return new Options(
          projection, projector, alpha, value, sgd, headState, staleGradient, headRate);
    }

    /** With another optimiser. */
    public Options withSgd(Sgd.Options value) {
      return new Options(
          projection, projector, alpha, reset, value, headState, staleGradient, headRate);
    }

    /** With another momentum of the head. */
    public Options withHeadState(HeadState value) {
      return new Options(projection, projector, alpha, reset, sgd, value, staleGradient, headRate);
    }

    /** With another fate of an encoder's gradient. */
    public Options withStaleGradient(StaleGradient value) {
      return new Options(projection, projector, alpha, reset, sgd, headState, value, headRate);
    }

    /** With another learning rate of the head. */
    public Options withHeadRate(double value) {
      return new Options(projection, projector, alpha, reset, sgd, headState, staleGradient, value);
    }
  }

  private final Context context;
  private final SharedHeadModel model;
  private final Options options;
  private final List<Sgd> encoders;
  private final List<Sgd> heads;
  private final @Nullable GradientProjector projector;

  /** ZEROED: what to overwrite each encoder's gradient with, and what this batch has zeroed. */
  private final List<Memory> zeros;

  private final List<Parameter> zeroed = new ArrayList<>();
  private double alpha;

  /** Optimisers and projector for a model, run on a context of the same device. */
  public AlternatingStep(Context context, SharedHeadModel model, Options options) {
    this.context = context;
    this.model = model;
    this.options = options;
    Parameter weight = model.head().weight();
    List<ParameterGroup> groups =
        model.encoders().stream().map(SharedHeadModel.Encoder::parameters).toList();
    encoders = groups.stream().map(group -> new Sgd(context, options.sgd(), group)).toList();
    heads =
        options.headState() == HeadState.SHARED
            ? Collections.nCopies(groups.size(), new Sgd(context, options.sgd(), weight.group()))
            : groups.stream().map(g -> new Sgd(context, options.sgd(), weight.group())).toList();
    zeros =
        options.staleGradient() == StaleGradient.ZEROED
            ? groups.stream().map(model.store()::zeros).toList()
            : List.of();
    projector =
        options.projection() == Projection.NONE
            ? null
            : new GradientProjector(context, weight, options.projector());
  }

  /**
   * Starts a batch, before its first {@link #apply}.
   *
   * @param batch index within the epoch, from 0
   * @param batches in the epoch
   */
  public void startBatch(int batch, int batches) {
    if (batch < 0 || batch >= batches) {
      throw new IllegalArgumentException("batch is " + batch + ", want 0 to " + (batches - 1));
    }
    alpha = options.alpha().at(batch, batches);
    zeroed.clear();
    if (batch == 0 && options.reset() == Reset.EPOCH && projector != null) {
      projector.reset();
    }
  }

  /**
   * One step of one modality. With the default options it is only set going: on a GPU nobody waits
   * until the loss is read. A loss that is not finite makes the parameters so; the projector
   * refuses features that are not.
   *
   * @param tape holds x and labels; everything on it stays readable until its next reset
   * @param modality which encoder
   * @param x inputs of the samples that have the modality, at least one: P absorbs the mean of
   *     their features
   * @param labels their classes
   * @param learningRate of the encoder
   * @return the loss before the step, on the tape
   */
  public Tensor apply(Tape tape, int modality, Tensor x, Tensor labels, double learningRate) {
    if (alpha == 0) {
      throw new IllegalStateException("a step outside a batch: call startBatch first");
    }
    ParameterStore store = model.store();
    store.zeroGrad();
    zeroed.forEach(parameter -> parameter.markGradient(context));
    Tensor features = model.features(modality, x);
    Tensor loss = SoftmaxOp.crossEntropy(model.head().forward(features), labels);
    loss.backward();
    Sgd head = heads.get(modality);
    double headRate = learningRate * options.headRate();
    if (projector != null && options.projection() == Projection.RLS_UPDATE) {
      projector.applyToUpdate(tape, features, alpha, () -> head.step(headRate));
    } else {
      if (projector != null) {
        projector.apply(tape, features, alpha);
      }
      head.step(headRate);
    }
    for (int m = 0; m < encoders.size(); m++) { // no iterator: this runs in every step
      encoders.get(m).step(learningRate); // those without a gradient rest
    }
    if (!zeros.isEmpty()) {
      zeroGradient(modality);
    }
    return loss;
  }

  private void zeroGradient(int modality) {
    ParameterGroup group = model.encoders().get(modality).parameters();
    long bytes = context.real().bytes();
    context.copy(
        model.store().gradients(),
        group.start() * bytes,
        zeros.get(modality),
        0,
        group.size() * bytes);
    group.parameters().stream().filter(Parameter::hasGradient).forEach(zeroed::add);
  }

  /** What projects the head's gradient, null where nothing does; for pictures and tests. */
  public @Nullable GradientProjector projector() {
    return projector;
  }

  /** Saves momentum and P, as they are between two batches. */
  @Override
  public void save(String prefix, SafeTensors file) {
    for (int m = 0; m < encoders.size(); m++) {
      encoders.get(m).save(prefix + "encoder" + m + ".", file);
      heads.get(m).save(prefix + "head" + m + ".", file);
    }
    if (projector != null) {
      projector.save(prefix + "projector.", file);
    }
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    for (int m = 0; m < encoders.size(); m++) {
      encoders.get(m).load(prefix + "encoder" + m + ".", file);
      heads.get(m).load(prefix + "head" + m + ".", file);
    }
    if (projector != null) {
      projector.load(prefix + "projector.", file);
    }
  }

  @Override
  public void close() {
    if (projector != null) {
      projector.close();
    }
  }
}
