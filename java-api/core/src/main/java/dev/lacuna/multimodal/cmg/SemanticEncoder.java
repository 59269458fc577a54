package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Dropout;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.Linear;
import dev.lacuna.nn.TransformerEncoder;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Norm;

/**
 * What a modality has in common with others: its front, a linear layer to the width of the codes,
 * and transformer layers with norms behind, without positions, whose attention runs over the steps
 * of a sequence.
 */
final class SemanticEncoder {
  /** Of a layer norm in torch. */
  private static final double EPSILON = 1e-5;

  private final Front front;
  private final Linear linear;
  private final TransformerEncoder transformer;

  /** Declares {@code linear} and the layers in a modality's own group. */
  SemanticEncoder(
      ParameterGroup group, Front front, int width, CmgModel.Layers layers, CounterRandom random) {
    this.front = front;
    linear = new Linear(group, "linear", front.width(), width, random);
    transformer =
        new TransformerEncoder(
            Groups.one(group),
            new Config(
                width,
                layers.depth(),
                layers.heads(),
                layers.hidden(),
                Norm.POST,
                EPSILON,
                Activation.RELU),
            random.seed() + random.stream());
  }

  /** Semantic features [rows, width] of the steps of a batch, [rows, ...]. */
  Tensor forward(Tensor x, Steps steps, Dropout dropout) {
    Tensor vectors = linear.forward(front.forward(x, steps.sequences(), steps.each()));
    Tensor tokens = vectors.reshape(steps.sequences(), steps.each(), vectors.cols());
    return transformer.all(tokens, null, dropout).tokens().reshape(steps.rows(), vectors.cols());
  }
}
