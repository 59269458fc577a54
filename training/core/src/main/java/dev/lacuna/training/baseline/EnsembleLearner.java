package dev.lacuna.training.baseline;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
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
import java.util.List;

/** A network, a loss and an optimiser for each modality; nothing is shared. */
public final class EnsembleLearner implements Learner {
  private static final int INITIAL = 0x3C00;

  private record Member(Layer network, Sgd sgd) {}

  private final ParameterStore store;
  private final List<Member> members = new ArrayList<>();
  private final Fusion.Mode fusion;

  /** Networks for the data's modalities with fresh parameters. */
  public EnsembleLearner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      EnsembleOptions options,
      long seed) {
    store = new ParameterStore(context);
    fusion = options.fusion();
    List<ParameterGroup> groups = new ArrayList<>();
    List<Layer> networks = new ArrayList<>();
    for (Modality modality : data.modalities()) {
      int m = networks.size();
      ParameterGroup group = store.group(modality.name());
      CounterRandom encoder = new CounterRandom(seed, INITIAL + 2 * m, 0);
      CounterRandom head = new CounterRandom(seed, INITIAL + 2 * m + 1, 0);
      networks.add(
          Layer.sequence(
              SmallEncoder.of(group, modality, options.width(), encoder),
              new Linear(group, "head", options.width(), data.classes(), head)));
      groups.add(group);
    }
    // The first optimiser ends the declarations of the store.
    for (int m = 0; m < networks.size(); m++) {
      members.add(new Member(networks.get(m), new Sgd(context, training.sgd(), groups.get(m))));
    }
  }

  @Override
  public void learn(
      Tape tape, Batch batch, double learningRate, int index, int steps, Losses losses) {
    for (int m = 0; m < members.size(); m++) {
      int[] positions = batch.positions(m);
      if (positions.length == 0) {
        continue;
      }
      tape.reset();
      store.zeroGrad();
      Tensor logits = members.get(m).network().forward(batch.inputs(tape, m, positions));
      Tensor loss = SoftmaxOp.crossEntropy(logits, batch.labels(tape, positions));
      losses.add(loss);
      loss.backward();
      members.get(m).sgd().step(learningRate);
    }
  }

  @Override
  public Outputs outputs(Tape tape, MultimodalData data, Split split) {
    return UnimodalOutputs.of(
        (modality, x) -> members.get(modality).network().forward(x),
        UnimodalOutputs.FusionRule.of(fusion),
        tape,
        data,
        split);
  }

  @Override
  public ParameterStore store() {
    return store;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    store.save(prefix + "parameters.", file);
    members.forEach(member -> member.sgd().save(prefix + "sgd.", file));
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    store.load(prefix + "parameters.", file);
    members.forEach(member -> member.sgd().load(prefix + "sgd.", file));
  }

  @Override
  public void close() {
    store.close();
  }
}
