package dev.lacuna.training.cmg;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.system.LearningSystem;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Uni-Code as a system to train and compare. */
public final class Cmg implements LearningSystem<CmgOptions> {
  private static final double LEARNING_RATE = 5e-4;

  /** The system. */
  public Cmg() {}

  @Override
  public String name() {
    return "cmg";
  }

  @Override
  public String description() {
    return "one codebook for all modalities, learned from pairs without labels; a probe classifies";
  }

  @Override
  public Class<CmgOptions> options() {
    return CmgOptions.class;
  }

  @Override
  public CmgOptions defaults() {
    return CmgOptions.DEFAULT;
  }

  /** What the paper leaves out by turns: CLUB and Cross-CPC (DCID), codes of all modalities. */
  @Override
  public Map<String, CmgOptions> baselines(CmgOptions options) {
    Map<String, CmgOptions> ablations = new LinkedHashMap<>();
    if (options.ablations()) {
      ablations.put("no-dcid", options.withoutDisentangling());
      ablations.put("no-mm-ema", options.withoutMixing());
      ablations.put("neither", options.withoutDisentangling().withoutMixing());
    }
    return ablations;
  }

  /** Adam's steps are of the size of the learning rate; codes without labels take more passes. */
  @Override
  public TrainingOptions training(TrainingOptions common) {
    return common
        .withEpochs(Math.ceilDiv(5 * common.epochs(), 3))
        .withLearningRate(LEARNING_RATE)
        .withWeightDecay(0);
  }

  /** Codes mean the same in two modalities only where samples have both. */
  @Override
  public void check(Presence training, List<String> modalities, CmgOptions options) {
    boolean paired =
        IntStream.range(0, training.samples())
            .anyMatch(i ->
                IntStream.range(0, modalities.size()).filter(m -> training.present(i, m)).count()
                    > 1);
    if (!paired) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "no training sample has two of "
              + String.join(", ", modalities)
              + ", want some: nothing else tells which codes of one mean those of another");
    }
  }

  @Override
  public Learner learner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      CmgOptions options,
      long seed) {
    return new CmgLearner(context, data, training, options, seed);
  }
}
