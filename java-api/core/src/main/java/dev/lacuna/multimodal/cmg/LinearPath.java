package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ConcatOp;
import dev.lacuna.ops.ElementwiseOp;

/**
 * The specific path of vectors, CMG's for sound and text: encoder linear and ReLU, decoder linear
 * over a linear layer of the code beside the specific feature.
 */
public final class LinearPath implements SpecificPath {
  private final Linear encoder;
  private final Linear code;
  private final Linear decoder;
  private final int features;

  /**
   * Declares the layers.
   *
   * @param encoder group of {@code name.specific}
   * @param decoder group of {@code name.code} and {@code name.decoder}
   * @param size numbers in a step
   * @param width of a code
   * @param features numbers in a specific feature; 256 in CMG
   */
  public LinearPath(
      ParameterGroup encoder,
      ParameterGroup decoder,
      String name,
      int size,
      int width,
      int features,
      CounterRandom random) {
    this.encoder = new Linear(encoder, name + ".specific", size, features, random);
    code = new Linear(decoder, name + ".code", width, width, layer(random, 1));
    this.decoder = new Linear(decoder, name + ".decoder", width + features, size, layer(random, 2));
    this.features = features;
  }

  private static CounterRandom layer(CounterRandom random, int layer) {
    return new CounterRandom(random.seed(), random.stream(), random.step() + layer);
  }

  @Override
  public Specific encode(Tensor x) {
    Tensor feature = ElementwiseOp.relu(encoder.forward(x.rank() == 2 ? x : x.flatten()));
    return new Specific(feature, feature);
  }

  @Override
  public Tensor decode(Tensor codes, Tensor map) {
    return decoder.forward(ConcatOp.columns(code.forward(codes), map));
  }

  @Override
  public int features() {
    return features;
  }

  @Override
  public long[] mapShape() {
    return new long[] {features};
  }
}
