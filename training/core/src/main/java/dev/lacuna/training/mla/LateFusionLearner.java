package dev.lacuna.training.mla;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Batch;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Losses;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The baseline, joint late fusion: each modality has an encoder and a head of its own, and one
 * cross-entropy is taken of the mean of the logits of the modalities that a sample has.
 */
public final class LateFusionLearner implements Learner {
  private static final int INITIAL = 0x3B00;
  private final ParameterStore store;
  private final List<Layer> networks = new ArrayList<>();
  private final Sgd sgd;

  /** A model for the data's modalities with fresh parameters. */
  public LateFusionLearner(Context context, MultimodalData data, MlaOptions options, long seed) {
    store = new ParameterStore(context);
    for (Modality modality : data.modalities()) {
      int m = networks.size();
      ParameterGroup group = store.group(modality.name());
      Layer encoder =
          DigitEncoder.of(
              group, modality, options.width(), new CounterRandom(seed, INITIAL + 2 * m, 0));
      CounterRandom random = new CounterRandom(seed, INITIAL + 2 * m + 1, 0);
      networks.add(
          Layer.sequence(
              encoder, new Linear(group, "head", options.width(), data.classes(), random)));
    }
    Sgd.Options settings =
        new Sgd.Options(
            options.momentum(), options.weightDecay(), Sgd.Decay.DECOUPLED, Sgd.Momentum.CLASSIC);
    sgd = new Sgd(context, settings, store.groups().toArray(ParameterGroup[]::new));
  }

  @Override
  public void learn(
      Tape tape, Batch batch, double learningRate, int index, int steps, Losses losses) {
    tape.reset();
    store.zeroGrad();
    Tensor loss = loss(tape, batch);
    losses.add(loss);
    loss.backward();
    sgd.step(learningRate);
  }

  /** Cross-entropy of the mean of the logits that each sample has. */
  Tensor loss(Tape tape, Batch batch) {
    int size = batch.samples().length;
    float[] share = new float[size];
    Tensor sum = null;
    for (int m = 0; m < networks.size(); m++) {
      int[] positions = batch.positions(m);
      if (positions.length == 0) {
        continue;
      }
      Tensor logits = networks.get(m).forward(batch.inputs(tape, m, positions));
      Tensor scattered = RowsOp.scatterRows(logits, tape.input(positions, positions.length), size);
      sum = sum == null ? scattered : ElementwiseOp.add(sum, scattered);
      Arrays.stream(positions).forEach(i -> share[i]++);
    }
    for (int i = 0; i < size; i++) {
      share[i] = 1 / share[i];
    }
    Tensor mean = ElementwiseOp.mul(Objects.requireNonNull(sum), tape.input(share, size, 1));
    return SoftmaxOp.crossEntropy(mean, batch.labels(tape));
  }

  @Override
  public Tensor logits(int modality, Tensor x) {
    return networks.get(modality).forward(x);
  }

  @Override
  public Fusion.Mode fusion() {
    return Fusion.Mode.FIXED;
  }

  @Override
  public ParameterStore store() {
    return store;
  }

  @Override
  public void close() {
    store.close();
  }
}
