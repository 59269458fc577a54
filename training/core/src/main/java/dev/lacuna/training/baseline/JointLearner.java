package dev.lacuna.training.baseline;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.nn.Init;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.encoder.SmallEncoder;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.loop.UnimodalOutputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One cross-entropy for all modalities. Every modality gives each class a score; what a sample
 * lacks gives none.
 */
public final class JointLearner implements Learner {
  /** How the scores of a sample's modalities become its logits. */
  public enum Join {
    /** Late fusion: every modality has a head of its own, and the mean of their logits counts. */
    MEAN,
    /**
     * Concatenation: one head for all features side by side, those of a missing modality 0. A head
     * on a concatenation is the sum of a part for each modality, which is how it is computed.
     */
    CONCATENATION
  }

  private static final int INITIAL = 0x3B00;
  private final Join join;
  private final ParameterStore store;
  private final List<Layer> networks = new ArrayList<>();
  private final @Nullable Parameter bias;
  private final Sgd sgd;

  /** A model for the data's modalities with fresh parameters. */
  public JointLearner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      JointOptions options,
      Join join,
      long seed) {
    this.join = join;
    store = new ParameterStore(context);
    int width = options.width();
    int classes = data.classes();
    long fanIn = (long) width * data.modalities().size();
    for (Modality modality : data.modalities()) {
      int m = networks.size();
      ParameterGroup group = store.group(modality.name());
      Layer encoder =
          SmallEncoder.of(group, modality, width, new CounterRandom(seed, INITIAL + 2 * m, 0));
      CounterRandom random = new CounterRandom(seed, INITIAL + 2 * m + 1, 0);
      networks.add(Layer.sequence(encoder, head(group, random, width, classes, fanIn)));
    }
    bias = join == Join.MEAN ? null : store.group("head").add("linear.bias", Init.zeros(), classes);
    sgd = new Sgd(context, training.sgd(), store.groups().toArray(ParameterGroup[]::new));
  }

  private Layer head(
      ParameterGroup group, CounterRandom random, int width, int classes, long fanIn) {
    if (join == Join.MEAN) {
      return new Linear(group, "head", width, classes, random);
    }
    Parameter weight =
        group.add("head.weight", Init.xavierNormal(random, fanIn, classes), classes, width);
    return x -> LinearOp.linear(x, x.tape().use(weight), null);
  }

  @Override
  public void learn(
      Tape tape, Batch batch, double learningRate, int index, int steps, Losses losses) {
    tape.reset();
    store.zeroGrad();
    Tensor loss = SoftmaxOp.crossEntropy(logits(tape, batch), batch.labels(tape));
    losses.add(loss);
    loss.backward();
    sgd.step(learningRate);
  }

  /** Logits [n, classes] of a batch, of what each sample has. */
  Tensor logits(Tape tape, Batch batch) {
    int size = batch.samples().length;
    float[] share = new float[size];
    Tensor sum = null;
    for (int m = 0; m < networks.size(); m++) {
      int[] positions = batch.positions(m);
      if (positions.length == 0) {
        continue;
      }
      Tensor scores = networks.get(m).forward(batch.inputs(tape, m, positions));
      Tensor scattered = RowsOp.scatterRows(scores, tape.input(positions, positions.length), size);
      sum = sum == null ? scattered : ElementwiseOp.add(sum, scattered);
      Arrays.stream(positions).forEach(i -> share[i]++);
    }
    Tensor total = Objects.requireNonNull(sum);
    if (bias != null) {
      return ElementwiseOp.add(total, tape.use(bias));
    }
    for (int i = 0; i < size; i++) {
      share[i] = 1 / share[i];
    }
    return ElementwiseOp.mul(total, tape.input(share, size, 1));
  }

  @Override
  public Outputs outputs(Tape tape, MultimodalData data, Split split) {
    double[] constant = bias == null ? new double[data.classes()] : bias.get();
    return UnimodalOutputs.of(
        (modality, x) -> networks.get(modality).forward(x),
        join == Join.MEAN
            ? UnimodalOutputs.FusionRule.of(Fusion.Mode.FIXED)
            : (scores, _, presence) -> sums(scores, presence, constant),
        tape,
        data,
        split);
  }

  private static double[][] sums(double[][][] scores, Presence presence, double[] constant) {
    double[][] sums = new double[presence.samples()][];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = constant.clone();
      for (int m = 0; m < scores.length; m++) {
        for (int c = 0; presence.present(i, m) && c < constant.length; c++) {
          sums[i][c] += scores[m][i][c];
        }
      }
    }
    return sums;
  }

  @Override
  public ParameterStore store() {
    return store;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    store.save(prefix + "parameters.", file);
    sgd.save(prefix + "sgd.", file);
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    store.load(prefix + "parameters.", file);
    sgd.load(prefix + "sgd.", file);
  }

  @Override
  public void close() {
    store.close();
  }
}
