package dev.lacuna.training.mla;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.multimodal.mla.SharedHeadModel;
import dev.lacuna.nn.Linear;
import dev.lacuna.optim.GradientProjector;
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
import dev.lacuna.training.report.Diagnostic;
import java.util.ArrayList;
import java.util.List;

/** MLA: in every batch each modality takes its step in turn, on the samples that have it. */
public final class MlaLearner implements Learner {
  private static final int INITIAL = 0x3A00;
  private final ParameterStore store;
  private final SharedHeadModel model;
  private final AlternatingStep step;
  private final UnimodalOutputs.FusionRule fusion;

  /** A model for the data's modalities with fresh parameters. */
  public MlaLearner(
      Context context,
      MultimodalData data,
      TrainingOptions training,
      MlaOptions options,
      long seed) {
    store = new ParameterStore(context);
    List<SharedHeadModel.Encoder> encoders = new ArrayList<>();
    for (Modality modality : data.modalities()) {
      ParameterGroup group = store.group(modality.name());
      CounterRandom random = new CounterRandom(seed, INITIAL + encoders.size(), 0);
      encoders.add(
          new SharedHeadModel.Encoder(
              modality.name(), group, SmallEncoder.of(group, modality, options.width(), random)));
    }
    CounterRandom random = new CounterRandom(seed, INITIAL + encoders.size(), 0);
    Linear head =
        new Linear(store.group("head"), "linear", options.width(), data.classes(), random);
    model = new SharedHeadModel(encoders, head);
    step = new AlternatingStep(context, model, options.step(training.sgd()));
    fusion = options.fusion(data.modalityNames());
  }

  @Override
  public void learn(
      Tape tape, Batch batch, double learningRate, int index, int steps, Losses losses) {
    step.startBatch(index, steps);
    for (int m = 0; m < model.encoders().size(); m++) {
      int[] positions = batch.positions(m);
      if (positions.length == 0) {
        continue;
      }
      tape.reset();
      Tensor x = batch.inputs(tape, m, positions);
      losses.add(step.apply(tape, m, x, batch.labels(tape, positions), learningRate));
    }
  }

  @Override
  public Outputs outputs(Tape tape, MultimodalData data, Split split) {
    return UnimodalOutputs.of(model::logits, fusion, tape, data, split);
  }

  @Override
  public List<Diagnostic> diagnostics(Tape tape, MultimodalData data) {
    GradientProjector projector = step.projector();
    return projector == null ? List.of() : MlaDiagnostics.of(model, projector, tape, data);
  }

  @Override
  public ParameterStore store() {
    return store;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    store.save(prefix + "parameters.", file);
    step.save(prefix + "step.", file);
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    store.load(prefix + "parameters.", file);
    step.load(prefix + "step.", file);
  }

  @Override
  public void close() {
    step.close();
    store.close();
  }
}
