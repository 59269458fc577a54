package dev.lacuna.training.cli;

import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.multimodal.mmp.FeaturePredictor.Pooling;
import dev.lacuna.multimodal.mmp.LateFusion;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.emoji.EmojiSource;
import dev.lacuna.training.mmp.Mmp;
import dev.lacuna.training.mmp.MmpOptions;
import dev.lacuna.training.mmp.MmpOptions.ImageEncoder;
import dev.lacuna.training.mmp.MmpOptions.LearnedFrom;
import dev.lacuna.training.mmp.MmpOptions.Mask;
import dev.lacuna.training.mmp.MmpOptions.MissingFeature;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lacuna train mmp}. */
@Command(
    footer = {
      "",
      "Examples:",
      "  lacuna train mmp                        emoji, seven in ten lack text or image",
      "  lacuna train mmp --missing text=0.7     seven in ten lack the text",
      "  lacuna train mmp --fold 3 --seeds 3     another fold, three seeds",
      "  lacuna train mmp --data pets.csv --colour rgb --image-size 32 --text-tokens 64",
      "                                          your own pictures and texts, by both of",
      "                                          the pretrained transformers",
      "  lacuna train mmp --no-baselines --missing-feature skip   late fusion alone"
    })
final class TrainMmp extends TrainSystem<MmpOptions> {
  @Option(
      names = "--missing-feature",
      paramLabel = "WHAT",
      defaultValue = "predict",
      description =
          "What stands in for a missing modality's feature: predict (MMP), skip (it does not "
              + "vote), zero or mean (default: ${DEFAULT-VALUE}).")
  private MissingFeature missing = MissingFeature.PREDICT;

  @Option(
      names = "--samples",
      paramLabel = "WHICH",
      defaultValue = "all",
      description =
          "Training samples to learn from: all, or complete, those that lack nothing (default: "
              + "${DEFAULT-VALUE}).")
  private LearnedFrom samples = LearnedFrom.ALL;

  @Option(
      names = "--fusion",
      paramLabel = "HOW",
      defaultValue = "mean_logits",
      description =
          "How the heads' predictions become one: mean_logits, max_logits or mean_prob (default: "
              + "${DEFAULT-VALUE}).")
  private LateFusion fusion = LateFusion.MEAN_LOGITS;

  @Option(
      names = "--prompts",
      paramLabel = "N",
      defaultValue = "16",
      description = "Prompts of a modality (default: ${DEFAULT-VALUE}).")
  private int prompts;

  @Option(
      names = "--reading",
      paramLabel = "WHICH",
      defaultValue = "none",
      description =
          "Which prompts a prompt reads beside the inputs: none, self or full (default: "
              + "${DEFAULT-VALUE}).")
  private Prompts reading = Prompts.NONE;

  @Option(
      names = "--mask",
      paramLabel = "HOW",
      defaultValue = "read_only",
      description =
          "read_only: prompts read what the transformer has kept; dense: inputs and prompts go "
              + "through it together under a mask, which gives the same and takes longer "
              + "(default: ${DEFAULT-VALUE}).")
  private Mask mask = Mask.READ_ONLY;

  @Option(
      names = "--pooling",
      paramLabel = "HOW",
      defaultValue = "mean",
      description =
          "How the outputs of prompts are joined: mean or concatenation (default: "
              + "${DEFAULT-VALUE}).")
  private Pooling pooling = Pooling.MEAN;

  @Option(
      names = "--vicreg",
      paramLabel = "S,V,C",
      split = ",",
      arity = "1",
      defaultValue = "25,25,1",
      description =
          "Weights of distance, variance and covariance in the prediction loss (default: "
              + "${DEFAULT-VALUE}).")
  private double[] vicReg = {25, 25, 1};

  @Option(
      names = "--encoder-grad",
      paramLabel = "HOW",
      defaultValue = "stop",
      description =
          "Whether the prediction loss reaches the transformer that prompts read: stop or flow "
              + "(default: ${DEFAULT-VALUE}).")
  private EncoderGrad encoderGrad = EncoderGrad.STOP;

  @Option(
      names = "--target-grad",
      paramLabel = "HOW",
      defaultValue = "stop",
      description =
          "Whether it reaches the one whose feature is predicted: stop or flow (default: "
              + "${DEFAULT-VALUE}).")
  private EncoderGrad targetGrad = EncoderGrad.STOP;

  @Option(
      names = "--head-rate",
      paramLabel = "X",
      defaultValue = "3",
      description =
          "Learning rate of heads, prompts, predictors and weights that are not pretrained, "
              + "relative to the biases' (default: ${DEFAULT-VALUE}).")
  private double headRate;

  @Option(
      names = "--pretraining",
      paramLabel = "X",
      defaultValue = "0.4",
      description =
          "Share of the steps in which transformers that are not pretrained learn by themselves "
              + "before they are frozen (default: ${DEFAULT-VALUE}).")
  private double pretraining;

  @Option(
      names = "--image-encoder",
      paramLabel = "WHICH",
      defaultValue = "pretrained",
      description =
          "pretrained: that of 'lacuna pretrain' where images are in colour and of its size; "
              + "self: learned from the run's own samples (default: ${DEFAULT-VALUE}).")
  private ImageEncoder imageEncoder = ImageEncoder.PRETRAINED;

  @Option(
      names = "--no-baselines",
      description =
          "Do not train the baselines beside MMP, which are: what is missing does not vote (skip), "
              + "is zero, is the mean feature, and complete samples alone (complete).")
  private boolean noBaselines;

  @Mixin private WidthOption encoder = new WidthOption();

  TrainMmp() {
    super(new Mmp());
  }

  /** Pictures with words: its transformers are there. */
  @Override
  String standardData() {
    return EmojiSource.NAME;
  }

  /** Seven in ten, as in the protocol that MMP follows. */
  @Override
  String standardMissing(DataSource source) {
    return source instanceof EmojiSource ? "0.7" : super.standardMissing(source);
  }

  @Override
  MmpOptions options() {
    if (vicReg.length != 3) {
      throw new IllegalArgumentException(
          "--vicreg has " + vicReg.length + " weights, want three, such as 25,25,1");
    }
    return new MmpOptions(
        missing,
        samples,
        fusion,
        prompts,
        reading,
        mask,
        pooling,
        vicReg[0],
        vicReg[1],
        vicReg[2],
        encoderGrad,
        targetGrad,
        headRate,
        pretraining,
        imageEncoder,
        encoder.width,
        !noBaselines);
  }
}
