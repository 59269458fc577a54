package dev.lacuna.multimodal.cmg;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import dev.lacuna.optim.AdamW;
import dev.lacuna.optim.GradientClip;
import dev.lacuna.optim.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A step of Uni-Code's training: encode and quantise, fit CLUB's networks some steps to what came
 * out, take the losses' gradient, move encoders, decoders and predictors by Adam, then the codes by
 * what chose them.
 */
public final class CmgStep implements Stateful, AutoCloseable {
  /**
   * Settings.
   *
   * @param weights of the losses
   * @param fits steps in which CLUB's networks are fitted first; 5
   * @param clubRate their learning rate relative to that of the rest; 2.5, which is 1e-3 to 4e-4
   * @param clip greatest norm of the gradient of encoders, of decoders and of predictors each; 0.5,
   *     infinity for none
   * @param adam moments and decay of all optimisers; Adam's
   */
  public record Options(
      Weights weights, int fits, double clubRate, double clip, AdamW.Options adam) {
    /** CMG's. */
    public static final Options DEFAULT =
        new Options(
            Weights.DEFAULT,
            5,
            2.5,
            0.5,
            AdamW.Options.DEFAULT.withWeightDecay(0, Sgd.Decay.COUPLED));

    /** Checks the ranges. */
    public Options {
      if (fits < 0 || !(clubRate > 0) || Double.isInfinite(clubRate)) {
        throw new IllegalArgumentException(
            "fits is " + fits + " and clubRate " + clubRate + ", want >= 0 and > 0");
      }
      if (!(clip > 0)) {
        throw new IllegalArgumentException("clip is " + clip + ", want > 0");
      }
    }

    /** With other weights of the losses. */
    public Options withWeights(Weights value) {
      return new Options(value, fits, clubRate, clip, adam);
    }
  }

  /**
   * What a step has done.
   *
   * @param losses before the step, on the tape
   * @param total their weighted sum
   * @param codes [modality][sequences each] by which the batch was quantised, -1 where a modality
   *     is absent
   * @param replaced how many dead codes were replaced
   * @param information CLUB's estimate, summed over modalities; NaN where it is left out
   * @param saturation share of CLUB's log variances at the bound that tanh sets them, of all
   *     modalities together; NaN where it is left out or has no bound
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of a batch, never compared
  public record Done(
      CmgLosses losses,
      Tensor total,
      int[][] codes,
      int replaced,
      double information,
      double saturation) {}

  /** Least steps of sequences for Cross-CPC: a start, one to know it by, and one to predict. */
  public static final int CPC_STEPS = 3;

  private static final int STREAM = 0x4D00;
  private final CmgModel model;
  private final Options options;
  private final AdamW main;
  private final AdamW clubs;
  private final Tape fitting;
  private final long seed;
  private int steps;

  /**
   * Training of a model that nobody else trains.
   *
   * @param seed of the steps that are predicted and the sequences that are compared
   */
  public CmgStep(Context context, CmgModel model, Options options, long seed) {
    this.model = model;
    this.options = options;
    this.seed = seed;
    fitting = new Tape(context);
    List<ParameterGroup> moved = new ArrayList<>();
    Stream.of(model.encoders(), model.decoders(), model.predictors()).forEach(moved::addAll);
    if (!model.codes().isFrozen()) {
      moved.add(model.codes());
    }
    main = new AdamW(context, options.adam, array(moved));
    clubs = new AdamW(context, options.adam, array(model.clubs()));
  }

  private static ParameterGroup[] array(List<ParameterGroup> groups) {
    return groups.toArray(ParameterGroup[]::new);
  }

  /**
   * Learns from a batch.
   *
   * @param size sequences of the batch
   * @param given of each modality, null where none of the batch has it
   * @throws dev.lacuna.LacunaException where steps of modalities do not pair, there are too few of
   *     them for Cross-CPC, or a feature is not a finite number, and nothing has moved then; where
   *     the gradient is not, only CLUB's networks have
   */
  public Done apply(
      Tape tape, int size, List<? extends @Nullable Sequences> given, double learningRate) {
    CounterRandom random = new CounterRandom(seed, STREAM, steps);
    CmgBatch batch = new CmgBatch(model, tape, size, given, options.weights, random);
    if (options.weights.mutualInformation() > 0) {
      fit(batch, learningRate * options.clubRate);
    }
    forget();
    CmgLosses losses = batch.losses(random);
    Tensor total = losses.total(options.weights);
    tape.backward(total);
    clip(tape, model.encoders());
    clip(tape, model.decoders());
    clip(tape, model.predictors());
    main.step(learningRate);
    for (CmgBatch.Member member : batch.present()) {
      member.part().style().update(member.specific().map());
    }
    int replaced = model.codebook().update(batch.everywhere(), batch.index());
    steps++;
    return new Done(
        losses, total, batch.index(), replaced, information(losses), batch.saturation());
  }

  private static double information(CmgLosses losses) {
    Tensor estimate = losses.mutualInformation();
    return estimate == null ? Double.NaN : estimate.toDoubleArray()[0];
  }

  private void fit(CmgBatch batch, double learningRate) {
    for (int i = 0; i < options.fits; i++) {
      fitting.reset();
      model.clubs().forEach(ParameterGroup::zeroGrad);
      batch.misfit(fitting).backward();
      clubs.step(learningRate);
    }
  }

  private void forget() {
    Stream.of(model.encoders(), model.decoders(), model.predictors(), model.clubs())
        .flatMap(List::stream)
        .forEach(ParameterGroup::zeroGrad);
    model.codes().zeroGrad();
  }

  private void clip(Tape tape, List<ParameterGroup> groups) {
    if (options.clip < Double.POSITIVE_INFINITY) {
      GradientClip.byNorm(tape, options.clip, array(groups));
    }
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    main.save(prefix + "main.", file);
    clubs.save(prefix + "clubs.", file);
    model.codebook().save(prefix + "codebook.", file);
    file.tensors()
        .put(prefix + "steps", new SafeTensors.Entry(new long[] {1}, new double[] {steps}));
  }

  /** {@inheritDoc} The parameters are loaded before. */
  @Override
  public void load(String prefix, SafeTensors file) {
    int saved = (int) file.entry(prefix + "steps", 1).doubles()[0];
    main.load(prefix + "main.", file);
    clubs.load(prefix + "clubs.", file);
    model.codebook().load(prefix + "codebook.", file);
    steps = saved;
  }

  /** Frees the memory of the fits; the model stays. */
  @Override
  public void close() {
    fitting.close();
  }
}
