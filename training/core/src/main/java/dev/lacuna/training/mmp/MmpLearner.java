package dev.lacuna.training.mmp;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.mmp.Criterion;
import dev.lacuna.multimodal.mmp.MmpModel;
import dev.lacuna.multimodal.mmp.MmpModel.Encoded;
import dev.lacuna.nn.Linear;
import dev.lacuna.nn.ReadableEncoding;
import dev.lacuna.optim.AdamW;
import dev.lacuna.optim.Optimizer;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mmp.MmpOptions.LearnedFrom;
import dev.lacuna.training.mmp.MmpOptions.Mask;
import dev.lacuna.training.mmp.MmpOptions.MissingFeature;
import dev.lacuna.training.report.Diagnostic;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * MMP: the biases of frozen transformers and a head each learn to classify; prompts and predictors
 * learn to say what a missing modality would have. Transformers that nobody has pretrained learn
 * first, each by itself, with the same heads.
 */
public final class MmpLearner implements Learner {
  private final MmpOptions options;
  private final ParameterStore store;
  private final ModalityEncoders encoders;
  private final List<ParameterGroup> prediction;
  private final MmpModel model;
  private final List<MeanFeature> means = new ArrayList<>();
  private final Optimizer biases;
  private final Optimizer rest;
  private final int epochSteps;
  private final int pretrainingSteps;
  private int learned;

  /** Pairs of one sample, whose features have no variance. */
  private int unvaried;

  MmpLearner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      MmpOptions options,
      Pretrained given,
      long seed) {
    this.options = options;
    store = new ParameterStore(context);
    encoders = new ModalityEncoders(context, store, data.modalities(), options, given, seed);
    List<MmpModel.Modality> modalities =
        IntStream.range(0, encoders.all().size())
            .mapToObj(m ->
                new MmpModel.Modality(
                    data.modalityNames().get(m), encoders.all().get(m).classToken()))
            .toList();
    prediction =
        data.modalities().stream().map(m -> store.group(m.name() + ".prediction")).toList();
    ParameterGroup heads = store.group("heads");
    if (options.missing() == MissingFeature.MEAN) {
      modalities.forEach(
          m -> means.add(new MeanFeature(store.group(m.name() + ".mean"), m.start().length)));
    }
    model = new MmpModel(heads, prediction, modalities, data.classes(), options.model(), seed);
    epochSteps = Math.ceilDiv(data.train().size(), training.batch());
    pretrainingSteps =
        encoders.selfTaught().isEmpty()
            ? 0
            : options.pretrainingSteps(Math.multiplyExact(training.epochs(), epochSteps));
    AdamW.Options adam =
        AdamW.Options.DEFAULT.withBetas(training.momentum(), AdamW.Options.DEFAULT.beta2());
    biases =
        new AdamW(
            context,
            adam.withWeightDecay(0, training.decay()),
            encoders.biases().toArray(ParameterGroup[]::new));
    List<ParameterGroup> others = new ArrayList<>(prediction);
    others.add(heads);
    others.addAll(encoders.selfTaught());
    rest =
        new AdamW(
            context,
            adam.withWeightDecay(training.weightDecay(), training.decay()),
            others.toArray(ParameterGroup[]::new));
    freezeWhatHasLearned();
  }

  /** Whether transformers still learn by themselves. */
  private boolean pretrains() {
    return learned < pretrainingSteps;
  }

  private void freezeWhatHasLearned() {
    if (!pretrains()) {
      encoders.selfTaught().forEach(ParameterGroup::freeze);
    }
  }

  @Override
  public void learn(
      Tape tape, Batch batch, double learningRate, int index, int steps, Losses losses) {
    tape.reset();
    store.zeroGrad();
    List<@Nullable Encoded> encoded = new ArrayList<>();
    for (int m = 0; m < encoders.all().size(); m++) {
      int[] positions = positions(batch, m);
      encoded.add(
          positions.length == 0
              ? null
              : new Encoded(encode(tape, m, batch.rows(m, positions)), positions));
    }
    if (encoded.stream().allMatch(of -> of == null)) {
      losses.add(tape.input(new float[1], 1));
    } else {
      for (int m = 0; m < means.size(); m++) {
        means.get(m).add(encoded.get(m));
      }
      MmpModel.Losses found = loss(tape, encoded, criterion(batch));
      losses.add(found.total());
      unvaried += found.unvaried();
      found.total().backward();
      biases.step(learningRate);
      rest.step(options.headRate() * learningRate);
    }
    learned++;
    freezeWhatHasLearned();
    if (index == steps - 1) {
      means.forEach(MeanFeature::endEpoch);
    }
  }

  private static Criterion criterion(Batch batch) {
    return batch.split().multiLabel()
        ? Criterion.multiLabel(batch.targets())
        : Criterion.singleLabel(
            Arrays.stream(batch.samples()).map(i -> batch.split().labels()[i]).toArray());
  }

  private MmpModel.Losses loss(Tape tape, List<@Nullable Encoded> encoded, Criterion criterion) {
    return options.predicts() && !pretrains()
        ? model.loss(tape, encoded, criterion)
        : model.classification(encoded, criterion);
  }

  private int[] positions(Batch batch, int modality) {
    int[] positions = batch.positions(modality);
    if (options.samples() == LearnedFrom.ALL) {
      return positions;
    }
    return Arrays.stream(positions)
        .filter(i ->
            IntStream.range(0, encoders.all().size())
                .allMatch(m -> batch.presence().present(batch.samples()[i], m)))
        .toArray();
  }

  private ReadableEncoding encode(Tape tape, int modality, float[][] rows) {
    ModalityEncoder encoder = encoders.all().get(modality);
    ModalityEncoder.Embedded embedded = encoder.embed(tape, rows);
    return options.mask() == Mask.DENSE
        ? new DenseEncoding(encoder.blocks(), embedded)
        : encoder.blocks().first(embedded.tokens(), embedded.mask());
  }

  @Override
  public Outputs outputs(Tape tape, MultimodalData data, Split split) {
    int modalities = encoders.all().size();
    double[][][] own = new double[modalities][split.size()][];
    double[][][][] predicted =
        options.predicts() ? new double[modalities][modalities][split.size()][] : null;
    for (int m = 0; m < modalities; m++) {
      int of = m;
      FixedBatches.forEach(
          data,
          split,
          m,
          encoders.all().get(m)::kind,
          (samples, rows) -> {
            tape.reset();
            tape.withoutGradients(() -> {
              ReadableEncoding encoding = encode(tape, of, rows);
              Tensor feature = encoding.classFeature();
              keep(model.head(of).forward(feature), samples, own[of], data, of);
              if (predicted != null) {
                List<@Nullable Tensor> features = model.predict(tape, of, encoding);
                for (int to = 0; to < modalities; to++) {
                  Tensor said = features.get(to);
                  if (said != null) {
                    keep(model.head(to).forward(said), samples, predicted[of][to], data, of);
                  }
                }
              }
            });
          });
    }
    return new MmpOutputs(split, own, predicted, standIn(), options.fusion());
  }

  private double @Nullable [][] standIn() {
    return switch (options.missing()) {
      case PREDICT, SKIP -> null;
      case ZERO ->
          IntStream.range(0, encoders.all().size())
              .mapToObj(m -> model.head(m).bias().get())
              .toArray(double[][]::new);
      case MEAN ->
          IntStream.range(0, encoders.all().size())
              .mapToObj(m -> ofMean(model.head(m), means.get(m).value()))
              .toArray(double[][]::new);
    };
  }

  /** What a head says of a feature. */
  private static double[] ofMean(Linear head, double[] feature) {
    double[] weight = head.weight().get();
    double[] logits = head.bias().get();
    for (int c = 0; c < logits.length; c++) {
      for (int j = 0; j < feature.length; j++) {
        logits[c] += weight[c * feature.length + j] * feature[j];
      }
    }
    return logits;
  }

  private static void keep(
      Tensor logits, int[] samples, double[][] kept, MultimodalData data, int modality) {
    double[] flat = logits.toDoubleArray();
    int classes = (int) logits.cols();
    for (int i = 0; i < samples.length; i++) {
      kept[samples[i]] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
      for (double logit : kept[samples[i]]) {
        if (!Double.isFinite(logit)) {
          throw new LacunaException(
              Status.NON_FINITE,
              "the prediction of "
                  + data.modalityNames().get(modality)
                  + " for sample "
                  + samples[i]
                  + " is not a number: training has diverged; try a smaller --learning-rate");
        }
      }
    }
  }

  /** The weights that others have pretrained. */
  @Override
  public Map<String, String> restsOn() {
    Map<String, String> checksums = new LinkedHashMap<>();
    encoders.pretrained().forEach(group -> checksums.put(group.name(), group.sha256()));
    return checksums;
  }

  @Override
  public List<Diagnostic> diagnostics(Tape tape, MultimodalData data) {
    return options.predicts() && options.mask() == Mask.READ_ONLY
        ? MmpDiagnostics.of(model, encoders.all(), options.reading(), tape, data)
        : List.of();
  }

  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>(encoders.described());
    facts.putAll(shares());
    if (unvaried > 0) {
      facts.put(
          "predictions learned from one sample, by distance alone", Integer.toString(unvaried));
    }
    return facts;
  }

  private Map<String, String> shares() {
    return TrainableShare.of(
        Stream.concat(store.groups().stream(), encoders.pretrained().stream())
            .filter(group -> options.predicts() || !prediction.contains(group))
            .toList());
  }

  /** None in which there are prompts that have not begun to learn. */
  @Override
  public int firstChoice() {
    return options.predicts() ? pretrainingSteps / epochSteps + 1 : 1;
  }

  @Override
  public ParameterStore store() {
    return store;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    store.save(prefix + "parameters.", file);
    biases.save(prefix + "biases.", file);
    rest.save(prefix + "rest.", file);
    file.tensors()
        .put(
            prefix + "steps",
            new SafeTensors.Entry(new long[] {2}, new double[] {learned, unvaried}));
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    double[] saved = file.entry(prefix + "steps", 2).doubles();
    store.load(prefix + "parameters.", file);
    biases.load(prefix + "biases.", file);
    rest.load(prefix + "rest.", file);
    learned = (int) saved[0];
    unvaried = (int) saved[1];
    freezeWhatHasLearned();
  }

  @Override
  public void close() {
    store.close();
    encoders.close();
  }
}
