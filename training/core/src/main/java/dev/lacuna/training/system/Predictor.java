package dev.lacuna.training.system;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.own.Samples;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.Outputs.Contributions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.RunFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The model of a finished run, to be asked about samples that it has not seen. */
public final class Predictor implements AutoCloseable {
  /** Samples between two looks at the progress. */
  private static final int CHUNK = 1_024;

  private final ModelSignature signature;
  private final Learner learner;
  private final Tape tape;

  private Predictor(ModelSignature signature, Learner learner, Tape tape) {
    this.signature = signature;
    this.learner = learner;
    this.tape = tape;
  }

  /**
   * Reads the model of a seed.
   *
   * @param prepared folder of prepared data, for what the system rests on
   * @throws LacunaException where the run has no such seed, or a file of it is missing, damaged or
   *     of another model
   */
  public static <O extends Record> Predictor open(
      Context context,
      LearningSystem<O> system,
      RunFolder run,
      long seed,
      Path prepared,
      Progress progress) {
    RunConfig<O> config = run.document().config(RunConfig.class, system.options());
    if (seed < 0 || seed >= config.seeds()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "seed is " + seed + ", " + run + " has models of 0 to " + (config.seeds() - 1));
    }
    ModelSignature signature = ModelSignature.read(run);
    MultimodalData shapes = signature.withoutSamples();
    Learner learner =
        system
            .prepared(context, prepared, shapes, config.options(), progress)
            .learner(context, shapes, config.training(), config.options(), seed);
    try {
      run.readModel(seed, learner.restsOn(), learner.store());
      return new Predictor(signature, learner, new Tape(context));
    } catch (RuntimeException e) {
      learner.close();
      throw e;
    }
  }

  /** Data without samples of its own. */
  private static MultimodalData data(ModelSignature signature, List<Modality> modalities) {
    Split none = split(signature, "none", new int[modalities.size()][0], List.of());
    return new MultimodalData("given", modalities, signature.classes(), none, none, none, null);
  }

  /** Samples whose classes nobody knows. */
  private static Split split(
      ModelSignature signature, String name, int[][] rowOf, List<String> ids) {
    if (signature.multiLabel()) {
      return Split.multiLabel(name, new boolean[ids.size()][0], rowOf, ids);
    }
    int[] labels = new int[ids.size()];
    Arrays.fill(labels, Split.UNLABELLED);
    return new Split(name, labels, rowOf, ids);
  }

  /** What the model takes and gives. */
  public ModelSignature signature() {
    return signature;
  }

  /** Predicts every sample by itself: none changes what is said of another. */
  public List<Prediction> predict(Samples samples, Progress progress) {
    MultimodalData data = data(signature, samples.modalities());
    List<Prediction> predictions = new ArrayList<>();
    try (Progress.Task task = progress.start("predicting", samples.size())) {
      for (int from = 0; from < samples.size(); from += CHUNK) {
        int to = Math.min(samples.size(), from + CHUNK);
        predictions.addAll(predict(data, some(samples, from, to)));
        task.step(to - from);
      }
    }
    return predictions;
  }

  private Split some(Samples samples, int from, int to) {
    int[][] rowOf =
        Arrays.stream(samples.rowOf())
            .map(rows -> Arrays.copyOfRange(rows, from, to))
            .toArray(int[][]::new);
    return split(signature, "given", rowOf, samples.ids().subList(from, to));
  }

  private List<Prediction> predict(MultimodalData data, Split split) {
    Outputs outputs = learner.outputs(tape, data, split);
    Presence presence = split.presence();
    double[][] probabilities = outputs.probabilities(presence);
    Contributions contributions = outputs.contributions(presence);
    return IntStream.range(0, split.size())
        .mapToObj(i -> prediction(split.ids().get(i), i, probabilities[i], presence, contributions))
        .toList();
  }

  private static Prediction prediction(
      String id,
      int sample,
      double[] probabilities,
      Presence presence,
      @Nullable Contributions contributions) {
    boolean[] present = new boolean[presence.modalities()];
    for (int m = 0; m < present.length; m++) {
      present[m] = presence.present(sample, m);
    }
    return new Prediction(
        id,
        probabilities,
        present,
        contributions == null ? null : ofSample(contributions.entropy(), sample),
        contributions == null ? null : ofSample(contributions.weight(), sample));
  }

  private static double[] ofSample(double[][] values, int sample) {
    return Arrays.stream(values).mapToDouble(ofModality -> ofModality[sample]).toArray();
  }

  @Override
  public void close() {
    tape.close();
    learner.close();
  }
}
