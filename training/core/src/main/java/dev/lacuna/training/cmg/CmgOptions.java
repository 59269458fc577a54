package dev.lacuna.training.cmg;

import dev.lacuna.kernels.VqOptions;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.cmg.CmgLosses.Weights;
import dev.lacuna.multimodal.cmg.CmgModel;
import dev.lacuna.multimodal.cmg.CmgStep;
import dev.lacuna.multimodal.cmg.MutualInformation;
import dev.lacuna.multimodal.cmg.SharedCodebook;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import dev.lacuna.optim.AdamW;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.loop.Ranges;

/**
 * Uni-Code's own options, see {@link CmgModel.Options} and {@link CmgStep.Options}.
 *
 * @param codes how many codes
 * @param width numbers in a code
 * @param hidden width between the two layers of a transformer layer's network
 * @param dropout share of a transformer layer's outputs that is dropped in training
 * @param front what makes a vector of a step
 * @param path what keeps apart what codes need not say
 * @param update how codes learn
 * @param start what codes begin as
 * @param starts how many of the first epochs the codes begin anew in, where by k-means
 * @param averages whether moving averages and dead codes are as they should be or as in the
 *     official code
 * @param decay of the moving averages
 * @param deadAfter a code unused for more steps is replaced
 * @param estimator how gradients pass the quantisation
 * @param information how mutual information is estimated
 * @param reconstruction weight of the reconstruction
 * @param beta weight of the commitment
 * @param disentangling weight of the mutual information
 * @param cpc weight of Cross-CPC; without effect where samples are no sequences
 * @param matching weight of code matching
 * @param fits steps in which CLUB's networks are fitted before each step
 * @param clip greatest norm of a gradient
 * @param probeRate learning rate of the probe that classifies by codes, relative to the rest
 * @param ablations whether a run trains its ablations too
 */
public record CmgOptions(
    int codes,
    int width,
    int hidden,
    double dropout,
    FrontKind front,
    PathKind path,
    Update update,
    Start start,
    int starts,
    Averages averages,
    double decay,
    int deadAfter,
    Estimator estimator,
    MutualInformation information,
    double reconstruction,
    double beta,
    double disentangling,
    double cpc,
    double matching,
    int fits,
    double clip,
    double probeRate,
    boolean ablations) {
  /** What makes a vector of a step. */
  public enum FrontKind {
    /** The numbers of a step as they are. */
    LINEAR,
    /** A bidirectional LSTM over the steps, of two layers. */
    BILSTM,
    /** Convolutions where a step is a picture, as LINEAR elsewhere. */
    CONV,
    /**
     * Squeeze, excitation and attention over places where a step is a feature map, as LINEAR
     * elsewhere.
     */
    MAPS
  }

  /** What keeps apart what codes need not say. */
  public enum PathKind {
    LINEAR,
    /** Convolutions where a step is a picture, as LINEAR elsewhere. */
    CONV
  }

  /** What codes begin as. */
  public enum Start {
    /** Centres of k-means over features of the first samples. */
    KMEANS,
    /** Drawn from U(-1/codes, 1/codes), as in the official code. */
    UNIFORM
  }

  /** How moving averages and dead codes are kept. */
  public enum Averages {
    /** Counts begin at 1, a code that is replaced stays. */
    CORRECT,
    /** Counts begin at 0, a code that is replaced comes back in the next step. */
    OFFICIAL
  }

  /** What a user gets who gives none. */
  public static final CmgOptions DEFAULT =
      new CmgOptions(
          128,
          128,
          256,
          0,
          FrontKind.LINEAR,
          PathKind.LINEAR,
          Update.EMA,
          Start.KMEANS,
          3,
          Averages.CORRECT,
          0.9,
          20,
          Estimator.STRAIGHT_THROUGH,
          MutualInformation.STANDARD,
          1,
          0.25,
          0.1,
          1,
          1,
          5,
          0.5,
          5,
          false);

  private static final int DEPTH = 2;
  private static final int HEADS = 4;

  /** Checks the ranges. */
  public CmgOptions {
    Ranges.require(codes >= 2 && codes <= 1 << 16, "codes", codes, "2 to 65536");
    Ranges.require(
        width >= HEADS && width <= 4096 && width % HEADS == 0,
        "width",
        width,
        "a multiple of " + HEADS + ", " + HEADS + " to 4096");
    Ranges.require(hidden >= 1 && hidden <= 1 << 14, "hidden", hidden, "1 to 16384");
    Ranges.require(dropout >= 0 && dropout < 1, "dropout", dropout, "0 <= dropout < 1");
    Ranges.require(starts >= 0, "starts", starts, ">= 0");
    Ranges.require(decay >= 0 && decay < 1, "decay", decay, "0 <= decay < 1");
    Ranges.require(deadAfter >= 1, "dead after", deadAfter, ">= 1");
    Ranges.requirePositive("probe rate", probeRate);
    Ranges.requirePositive("clip", clip);
    Ranges.require(fits >= 0, "fits", fits, ">= 0");
    new Weights(reconstruction, 1, beta, disentangling, cpc, 0.1, matching);
  }

  /** Without CLUB and Cross-CPC. */
  CmgOptions withoutDisentangling() {
    return ablated(update, 0, 0);
  }

  /** Codes that learn from the modality alone that chose them. */
  CmgOptions withoutMixing() {
    return ablated(Update.EMA_OWN, disentangling, cpc);
  }

  /** These options with ablations beside the run. */
  CmgOptions withAblations() {
    return with(update, disentangling, cpc, true);
  }

  private CmgOptions ablated(Update learned, double apart, double predicted) {
    return with(learned, apart, predicted, false);
  }

  private CmgOptions with(Update learned, double apart, double predicted, boolean beside) {
    return new CmgOptions(
        codes,
        width,
        hidden,
        dropout,
        front,
        path,
        learned,
        start,
        starts,
        averages,
        decay,
        deadAfter,
        estimator,
        information,
        reconstruction,
        beta,
        apart,
        predicted,
        matching,
        fits,
        clip,
        probeRate,
        beside);
  }

  /** Cross-CPC's weight on sequences of so many steps: samples that are none have no next step. */
  double cpcOn(int steps) {
    return steps == 1 ? 0 : cpc;
  }

  /** The model's. */
  CmgModel.Options model(long seed) {
    VqOptions kept = averages == Averages.OFFICIAL ? VqOptions.OFFICIAL : VqOptions.DEFAULT;
    VqOptions.Reset reset =
        new VqOptions.Reset(
            deadAfter,
            Math.ceilDiv(deadAfter, 2),
            kept.reset().noise(),
            kept.reset().count(),
            kept.reset().replacesAverages());
    return new CmgModel.Options(
        new SharedCodebook.Options(
            codes, width, update, kept.withDecay(decay).withReset(reset).withSeed(seed, STREAM)),
        new CmgModel.Layers(DEPTH, HEADS, hidden, dropout),
        estimator,
        information);
  }

  private static final int STREAM = 0x4E00;

  /** The step's, on sequences of so many steps. */
  CmgStep.Options step(int steps, double beta1) {
    AdamW.Options adam =
        AdamW.Options.DEFAULT
            .withBetas(beta1, AdamW.Options.DEFAULT.beta2())
            .withWeightDecay(0, Sgd.Decay.COUPLED);
    return new CmgStep.Options(
        new Weights(reconstruction, 1, beta, disentangling, cpcOn(steps), 0.1, matching),
        fits,
        CmgStep.Options.DEFAULT.clubRate(),
        clip,
        adam);
  }
}
