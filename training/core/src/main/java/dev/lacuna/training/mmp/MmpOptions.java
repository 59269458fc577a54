package dev.lacuna.training.mmp;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.multimodal.mmp.FeaturePredictor.Pooling;
import dev.lacuna.multimodal.mmp.LateFusion;
import dev.lacuna.multimodal.mmp.MmpModel;
import dev.lacuna.training.encoder.SmallEncoder;
import dev.lacuna.training.loop.Ranges;
import java.util.Locale;

/**
 * MMP's own options, see {@link MmpModel.Options}.
 *
 * @param missing what stands in for the class feature of a missing modality
 * @param samples which samples are learned from
 * @param fusion how the heads' predictions become one
 * @param prompts number of prompts of a modality
 * @param reading which prompts a prompt reads
 * @param mask how prompts are kept from the inputs
 * @param pooling of the prompts' outputs
 * @param lambda weight of the distance between predicted and true features
 * @param mu weight of their variance
 * @param nu weight of their covariance
 * @param encoderGrad whether the prediction loss reaches the transformer that the prompts read
 * @param targetGrad whether it reaches the one whose feature is predicted
 * @param headRate learning rate of heads, prompts, predictors and weights that are not pretrained,
 *     relative to the biases'
 * @param pretraining share of the steps in which transformers that nobody has pretrained learn by
 *     themselves, before they are frozen
 * @param imageEncoder whether images that fit it go through the pretrained image transformer
 * @param width of transformers that learn from a run's own samples
 * @param baselines whether a run of MMP trains its baselines too
 */
public record MmpOptions(
    MissingFeature missing,
    LearnedFrom samples,
    LateFusion fusion,
    int prompts,
    Prompts reading,
    Mask mask,
    Pooling pooling,
    double lambda,
    double mu,
    double nu,
    EncoderGrad encoderGrad,
    EncoderGrad targetGrad,
    double headRate,
    double pretraining,
    ImageEncoder imageEncoder,
    int width,
    boolean baselines) {
  /** What stands in for the class feature of a missing modality. */
  public enum MissingFeature {
    /** What read-only prompts predict: MMP. */
    PREDICT,
    /** Nothing: the modality does not vote. */
    SKIP,
    /** Zeros. */
    ZERO,
    /** The mean feature of the training samples, as they were seen in the last epoch. */
    MEAN
  }

  /** Which training samples count. */
  public enum LearnedFrom {
    /** All, with what they have. */
    ALL,
    /** Those that lack nothing. */
    COMPLETE
  }

  /** How prompts are kept from the inputs. */
  public enum Mask {
    /** They read kept keys and values in a stream of their own. */
    READ_ONLY,
    /** Inputs and prompts go through the transformer together, under a mask. */
    DENSE
  }

  /** Where the transformer of images comes from. */
  public enum ImageEncoder {
    /** From {@code lacuna pretrain} where images are in colour and of its size, else SELF. */
    PRETRAINED,
    /** From the run's own training samples. */
    SELF
  }

  /** What a user gets who gives none. */
  public static final MmpOptions DEFAULT =
      new MmpOptions(
          MissingFeature.PREDICT,
          LearnedFrom.ALL,
          LateFusion.MEAN_LOGITS,
          MmpModel.Options.DEFAULT.prompts(),
          MmpModel.Options.DEFAULT.reading(),
          Mask.READ_ONLY,
          MmpModel.Options.DEFAULT.pooling(),
          MmpModel.Options.DEFAULT.vicReg().lambda(),
          MmpModel.Options.DEFAULT.vicReg().mu(),
          MmpModel.Options.DEFAULT.vicReg().nu(),
          EncoderGrad.STOP,
          EncoderGrad.STOP,
          3,
          0.4,
          ImageEncoder.PRETRAINED,
          64,
          true);

  /** Checks the ranges. */
  public MmpOptions {
    Ranges.require(prompts >= 1 && prompts <= 1_024, "prompts", prompts, "1 to 1024");
    SmallEncoder.requireWidth(width);
    Ranges.requirePositive("head rate", headRate);
    Ranges.require(
        pretraining >= 0 && pretraining < 1, "pretraining", pretraining, "0 <= pretraining < 1");
    if (mask == Mask.DENSE && reading != Prompts.NONE) {
      throw new IllegalArgumentException(
          "reading is "
              + reading.name().toLowerCase(Locale.ROOT)
              + " with a dense mask, which cannot let prompts read each other; want none");
    }
    vicReg(lambda, mu, nu);
  }

  private static VicReg.Options vicReg(double lambda, double mu, double nu) {
    return VicReg.Options.DEFAULT.withWeights(lambda, mu, nu);
  }

  /** These options with something else for missing features, and other samples. */
  MmpOptions with(MissingFeature feature, LearnedFrom learned) {
    return with(feature, learned, baselines);
  }

  /** These options without baselines beside the run. */
  public MmpOptions withoutBaselines() {
    return with(missing, samples, false);
  }

  private MmpOptions with(MissingFeature feature, LearnedFrom learned, boolean beside) {
    return new MmpOptions(
        feature,
        learned,
        fusion,
        prompts,
        reading,
        mask,
        pooling,
        lambda,
        mu,
        nu,
        encoderGrad,
        targetGrad,
        headRate,
        pretraining,
        imageEncoder,
        width,
        beside);
  }

  /**
   * Steps in which transformers that nobody has pretrained learn by themselves.
   *
   * @param all steps of the run; 0 of a model that only predicts
   * @throws LacunaException where that leaves none in which prompts could learn
   */
  int pretrainingSteps(int all) {
    if (pretraining == 0 || all == 0) {
      return 0;
    }
    int most = predicts() ? all - 1 : all;
    if (most < 1) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "the run has "
              + all
              + " step, want at least 2: transformers that nobody has pretrained learn first, and"
              + " prompts after them; take more --epochs or a smaller --batch");
    }
    return Math.clamp(Math.round(pretraining * all), 1, most);
  }

  /** Whether there are prompts to learn. */
  boolean predicts() {
    return missing == MissingFeature.PREDICT;
  }

  /** The model's. */
  MmpModel.Options model() {
    return new MmpModel.Options(
        prompts, reading, pooling, vicReg(lambda, mu, nu), encoderGrad, targetGrad);
  }
}
