package dev.lacuna.training.mmp;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.io.OnnxModules;
import dev.lacuna.io.OnnxWeights;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Weights;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mmp.MmpModel;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.encoder.MiniLmFiles;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mmp.MmpOptions.ImageEncoder;
import dev.lacuna.training.mmp.MmpOptions.LearnedFrom;
import dev.lacuna.training.mmp.MmpOptions.MissingFeature;
import dev.lacuna.training.pretrain.ImagePretraining;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.system.LearningSystem;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** MMP as a system to train and compare. */
public final class Mmp implements LearningSystem<MmpOptions> {
  private static final double LEARNING_RATE = 3e-3;
  private static final double WEIGHT_DECAY = 0.01;
  private final Pretrained pretrained;

  /** The system. */
  public Mmp() {
    this(Pretrained.NONE);
  }

  private Mmp(Pretrained pretrained) {
    this.pretrained = pretrained;
  }

  @Override
  public String name() {
    return "mmp";
  }

  @Override
  public String description() {
    return "frozen transformers whose biases learn; read-only prompts predict what is missing";
  }

  @Override
  public Class<MmpOptions> options() {
    return MmpOptions.class;
  }

  @Override
  public boolean multiLabel() {
    return true;
  }

  @Override
  public MmpOptions defaults() {
    return MmpOptions.DEFAULT;
  }

  /** Of MMP itself: the same transformers without prediction, and without incomplete samples. */
  @Override
  public Map<String, MmpOptions> baselines(MmpOptions options) {
    Map<String, MmpOptions> baselines = new LinkedHashMap<>();
    if (options.baselines() && options.predicts()) {
      baselines.put("skip", options.with(MissingFeature.SKIP, options.samples()));
      baselines.put("zero", options.with(MissingFeature.ZERO, options.samples()));
      baselines.put("mean", options.with(MissingFeature.MEAN, options.samples()));
      baselines.put("complete", options.with(MissingFeature.PREDICT, LearnedFrom.COMPLETE));
    }
    return baselines;
  }

  /**
   * Adam's steps are of the size of the learning rate, whatever the gradient's; transformers that
   * are pretrained take fewer passes.
   */
  @Override
  public TrainingOptions training(TrainingOptions common) {
    return common
        .withEpochs(Math.ceilDiv(2 * common.epochs(), 3))
        .withLearningRate(LEARNING_RATE)
        .withWeightDecay(WEIGHT_DECAY);
  }

  @Override
  public void check(Presence training, List<String> modalities, MmpOptions options) {
    if (options.predicts()) {
      MmpModel.requirePaired(training, modalities);
    }
    boolean beside = !baselines(options).isEmpty();
    if (beside || options.samples() == LearnedFrom.COMPLETE) {
      requireComplete(training, modalities, beside);
    }
  }

  private static void requireComplete(Presence training, List<String> modalities, boolean beside) {
    long complete =
        IntStream.range(0, training.samples())
            .filter(
                i -> IntStream.range(0, modalities.size()).allMatch(m -> training.present(i, m)))
            .count();
    if (complete < 2) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          complete
              + " training samples have all of "
              + String.join(", ", modalities)
              + ", want at least 2 to learn from complete samples alone"
              + (beside ? ", as the baseline \"complete\" does (--no-baselines)" : ""));
    }
  }

  @Override
  public LearningSystem<MmpOptions> prepared(
      Context context, Path folder, MultimodalData data, MmpOptions options, Progress progress) {
    Weights text =
        data.modalities().stream().anyMatch(Modality::hasTokens)
            ? new OnnxModules(OnnxWeights.read(MiniLmFiles.locate(folder, progress).model()))
            : null;
    SafeTensors image =
        options.imageEncoder() == ImageEncoder.PRETRAINED
                && data.modalities().stream().anyMatch(ImagePretraining::fits)
            ? ImagePretraining.located(context, folder, progress)
            : null;
    int heads = image == null ? 1 : ImagePretraining.heads(image, folder);
    return new Mmp(new Pretrained(text, image, heads));
  }

  @Override
  public Learner learner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      MmpOptions options,
      long seed) {
    return new MmpLearner(context, data, training, options, pretrained, seed);
  }
}
