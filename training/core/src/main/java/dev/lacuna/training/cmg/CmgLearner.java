package dev.lacuna.training.cmg;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.cmg.CmgModel;
import dev.lacuna.multimodal.cmg.CmgModel.Sequences;
import dev.lacuna.multimodal.cmg.CmgStep;
import dev.lacuna.multimodal.cmg.SharedCodebook;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.AdamW;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.NpyWriter;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.RandomShift;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.loop.UnimodalOutputs;
import dev.lacuna.training.loop.UnimodalOutputs.FusionRule;
import dev.lacuna.training.report.Diagnostic;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Uni-Code: codes are learned from pairs without labels; beside them a probe learns to classify by
 * codes, of which they feel nothing.
 */
public final class CmgLearner implements Learner {
  private static final int PROBE = 0x4E01;
  private static final int FIRST = 0x4E02;

  /** Sequences that are coded at once. */
  private static final int CODED = 64;

  /** Rows for each code that k-means is given. */
  private static final int ROWS_A_CODE = 10;

  private final CmgOptions options;
  private final ParameterStore store;
  private final List<StepShape> shapes;
  private final int steps;
  private final CmgModel model;
  private final CmgStep step;
  private final ParameterGroup probes;
  private final CodeProbe probe;
  private final AdamW probing;
  private final TrainingHealth health;
  private final long seed;

  /** What was measured since it last learned. */
  private @Nullable CodeEvaluation evaluated;

  CmgLearner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      CmgOptions options,
      long seed) {
    this.options = options;
    this.seed = seed;
    store = new ParameterStore(context);
    shapes = data.modalities().stream().map(StepShape::of).toList();
    steps = data.modalities().getFirst().steps();
    model =
        new CmgModel(
            context,
            store,
            shapes.stream().map(shape -> shape.modality(options)).toList(),
            options.model(seed),
            seed);
    probes = store.group("probe");
    probe =
        new CodeProbe(probes, options.width(), data.classes(), new CounterRandom(seed, PROBE, 0));
    CmgStep.Options how = options.step(steps, training.momentum());
    step = new CmgStep(context, model, how, seed);
    health = new TrainingHealth(options.codes());
    probing = new AdamW(context, how.adam(), probes);
  }

  @Override
  public void learn(
      Tape tape, Batch batch, double learningRate, int index, int count, Losses losses) {
    if (index == 0 && health.epochs().size() < options.starts()) {
      begin(tape, batch);
    }
    tape.reset();
    List<@Nullable Sequences> given = new ArrayList<>();
    for (int m = 0; m < shapes.size(); m++) {
      int[] positions = batch.positions(m);
      given.add(positions.length == 0 ? null : sequences(tape, batch, m, positions));
    }
    CmgStep.Done done = step.apply(tape, batch.samples().length, given, learningRate);
    losses.add(done.total());
    health.add(done.codes(), done.replaced(), done.information(), done.saturation());
    if (index == count - 1) {
      health.endEpoch();
    }
    evaluated = null;
    probe(tape, batch, done.codes(), learningRate * options.probeRate());
  }

  private Sequences sequences(Tape tape, Batch batch, int m, int[] positions) {
    Tensor x = shapes.get(m).rows(batch.inputs(tape, m, positions), steps);
    return new Sequences(x, positions, steps);
  }

  /** Lets the codes begin where features lie: encoders soon leave those of the first epoch. */
  private void begin(Tape tape, Batch batch) {
    Presence presence = batch.presence();
    long all = IntStream.range(0, shapes.size()).mapToLong(presence::count).sum() * steps;
    SharedCodebook.requireRows(options.codes(), all);
    if (options.start() == CmgOptions.Start.UNIFORM) {
      return;
    }
    int[] order = new CounterRandom(seed, FIRST, 0).permutation(presence.samples());
    List<double[]> rows = new ArrayList<>();
    int size = batch.samples().length;
    for (int from = 0;
        from < order.length && rows.size() < ROWS_A_CODE * options.codes();
        from += size) {
      int[] chosen = Arrays.copyOfRange(order, from, Math.min(order.length, from + size));
      Batch some =
          new Batch(batch.data(), batch.split(), presence, chosen, RandomShift.none(shapes.size()));
      tape.reset();
      tape.withoutGradients(() -> features(tape, some, rows));
    }
    CounterRandom random = new CounterRandom(seed, FIRST, 1);
    model.codebook().init(KMeans.centres(rows, options.codes(), random));
  }

  private void features(Tape tape, Batch batch, List<double[]> rows) {
    for (int m = 0; m < shapes.size(); m++) {
      int[] positions = batch.positions(m);
      if (positions.length > 0) {
        Tensor x = sequences(tape, batch, m, positions).x();
        double[] z = model.semantic(m, x, positions.length, steps).toDoubleArray();
        if (!Arrays.stream(z).allMatch(Double::isFinite)) {
          throw new LacunaException(
              Status.NON_FINITE,
              "features of "
                  + shapes.get(m).name()
                  + " that codes shall begin at are not finite: its inputs are not, or training has"
                  + " diverged");
        }
        rows.addAll(KMeans.rows(z, options.width()));
      }
    }
  }

  private void probe(Tape tape, Batch batch, int[][] codes, double learningRate) {
    tape.reset();
    Tensor loss = null;
    for (int m = 0; m < shapes.size(); m++) {
      int[] positions = batch.positions(m);
      if (positions.length > 0) {
        int[] all = codes[m];
        int[] chosen =
            IntStream.of(positions)
                .flatMap(i -> IntStream.range(i * steps, (i + 1) * steps))
                .map(row -> all[row])
                .toArray();
        Tensor logits = probe.logits(model.vectors(tape, chosen), steps);
        Tensor one = SoftmaxOp.crossEntropy(logits, batch.labels(tape, positions));
        loss = loss == null ? one : ElementwiseOp.add(loss, one);
      }
    }
    if (loss != null) {
      probes.zeroGrad();
      loss.backward();
      probing.step(learningRate);
    }
  }

  @Override
  public Outputs outputs(Tape tape, MultimodalData data, Split split) {
    return UnimodalOutputs.of(this::logits, FusionRule.of(Fusion.Mode.FIXED), tape, data, split);
  }

  private Tensor logits(int modality, Tensor x) {
    int n = (int) x.size(0);
    int[] codes = model.codes(modality, shapes.get(modality).rows(x, steps), n, steps);
    return probe.logits(model.vectors(x.tape(), codes), steps);
  }

  @Override
  public String status() {
    return health.status();
  }

  @Override
  public Map<String, Map<String, Double>> measured(Tape tape, MultimodalData data) {
    return Map.of("codes", evaluation(tape, data).numbers());
  }

  @Override
  public List<Diagnostic> diagnostics(Tape tape, MultimodalData data) {
    List<Diagnostic> seen = new ArrayList<>(evaluation(tape, data).diagnostics());
    seen.addAll(EpochHealth.curves(health.epochs()));
    return seen;
  }

  private CodeEvaluation evaluation(Tape tape, MultimodalData data) {
    CodeEvaluation measured = evaluated;
    if (measured == null) {
      double[][] vectors =
          KMeans.rows(model.codebook().parameter().get(), options.width()).toArray(double[][]::new);
      measured =
          CodeEvaluation.of(
              tape.context(),
              vectors,
              coded(tape, data, data.train()),
              coded(tape, data, data.test()));
      evaluated = measured;
    }
    return measured;
  }

  /** The codes of all samples of a split. */
  private CodedSplit coded(Tape tape, MultimodalData data, Split split) {
    Presence presence = split.presence();
    int[][][] codes = new int[shapes.size()][split.size()][];
    for (int m = 0; m < codes.length; m++) {
      int[] having = presence.rows(m);
      for (int from = 0; from < having.length; from += CODED) {
        int[] samples = Arrays.copyOfRange(having, from, Math.min(having.length, from + CODED));
        int[] all = IntStream.range(0, samples.length).toArray();
        Batch batch = new Batch(data, split, presence, samples, RandomShift.none(shapes.size()));
        tape.reset();
        int[] found = model.codes(m, sequences(tape, batch, m, all).x(), samples.length, steps);
        for (int i = 0; i < samples.length; i++) {
          codes[m][samples[i]] = Arrays.copyOfRange(found, i * steps, (i + 1) * steps);
        }
      }
    }
    return new CodedSplit(data.modalityNames(), codes, split.labels(), split.stepLabels());
  }

  /** What people should look into, if anything. */
  @Override
  public Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    if (options.cpc() > 0 && steps == 1) {
      facts.put("cross-CPC", "left out: samples are no sequences");
    }
    List<EpochHealth> epochs = health.epochs();
    if (!epochs.isEmpty() && !epochs.getLast().warning().isEmpty()) {
      facts.put("warning", epochs.getLast().warning());
    }
    return facts;
  }

  /** The codebook [codes, width], as NumPy and safetensors have it. */
  @Override
  public Map<String, Consumer<Path>> exports(long of) {
    double[] codes = model.codebook().parameter().get();
    float[] values = new float[codes.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) codes[i];
    }
    SafeTensors file = new SafeTensors();
    file.tensors()
        .put("codes", new SafeTensors.Entry(model.codebook().parameter().shape(), values));
    return Map.of(
        "codebook-" + of + ".npy",
        path -> NpyWriter.write(path, values, options.codes(), options.width()),
        "codebook-" + of + ".safetensors",
        to -> file.write(to));
  }

  CmgModel model() {
    return model;
  }

  StepShape shape(int modality) {
    return shapes.get(modality);
  }

  @Override
  public ParameterStore store() {
    return store;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    store.save(prefix + "parameters.", file);
    step.save(prefix + "step.", file);
    probing.save(prefix + "probing.", file);
    health.save(prefix + "health.", file);
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    store.load(prefix + "parameters.", file);
    step.load(prefix + "step.", file);
    probing.load(prefix + "probing.", file);
    health.load(prefix + "health.", file);
    evaluated = null;
  }

  @Override
  public void close() {
    step.close();
    model.close();
    store.close();
  }
}
