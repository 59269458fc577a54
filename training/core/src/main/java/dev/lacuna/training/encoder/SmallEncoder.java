package dev.lacuna.training.encoder;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Conv2d;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.MaxPool2dOp;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.loop.Ranges;

/**
 * A small encoder for what {@link Modality} holds: for pictures of about 30 x 30, digit images and
 * spectrograms alike, twice (convolution 3 x 3, ReLU, pooling 2 x 2), then a linear layer with
 * ReLU; for vectors (height 1), such as those of text, two linear layers with ReLU; for tokens the
 * sum of their embeddings, ReLU, and a linear layer with ReLU.
 */
public final class SmallEncoder {
  private static final int FIRST = 16;
  private static final int SECOND = 32;

  /** Between the two layers for vectors. */
  private static final int HIDDEN = 128;

  /** Of an embedding: there are as many as tokens, and few texts to learn them from. */
  private static final int EMBEDDING = 64;

  /** A shared head's P is [width, width]; wider features are no use for a small encoder. */
  private static final int MAX_WIDTH = 16_384;

  private SmallEncoder() {}

  /** Checks the number of features that an encoder shall give. */
  public static void requireWidth(int width) {
    Ranges.require(width >= 1 && width <= MAX_WIDTH, "width", width, "1 to " + MAX_WIDTH);
  }

  /** Declares an encoder's parameters in a group and returns it. */
  public static Layer of(ParameterGroup group, Modality modality, int width, CounterRandom random) {
    if (modality.hasTokens()) {
      return Layer.sequence(
          new EmbeddingBag(group, "embedding", modality.vocabulary(), EMBEDDING, random),
          ElementwiseOp::relu,
          new Linear(group, "linear", EMBEDDING, width, next(random, 1)),
          ElementwiseOp::relu);
    }
    if (modality.height() == 1) {
      return Layer.sequence(
          Tensor::flatten,
          new Linear(group, "linear1", modality.size(), HIDDEN, random),
          ElementwiseOp::relu,
          new Linear(group, "linear2", HIDDEN, width, next(random, 1)),
          ElementwiseOp::relu);
    }
    int flat = SECOND * (modality.height() / 4) * (modality.width() / 4);
    if (flat == 0) {
      throw new IllegalArgumentException(
          "modality "
              + modality.name()
              + " is "
              + modality.height()
              + " x "
              + modality.width()
              + ", want at least 4 x 4, or a height of 1");
    }
    return Layer.sequence(
        new Conv2d(group, "conv1", modality.channels(), FIRST, 3, 1, 1, random),
        SmallEncoder::activateAndPool,
        new Conv2d(group, "conv2", FIRST, SECOND, 3, 1, 1, next(random, 1)),
        SmallEncoder::activateAndPool,
        Tensor::flatten,
        new Linear(group, "linear", flat, width, next(random, 2)),
        ElementwiseOp::relu);
  }

  private static CounterRandom next(CounterRandom random, int layer) {
    return new CounterRandom(random.seed(), random.stream(), random.step() + layer);
  }

  /**
   * Pooling first: the maximum of rectified values is the rectified maximum, on a quarter of the
   * elements.
   */
  private static Tensor activateAndPool(Tensor x) {
    return ElementwiseOp.relu(MaxPool2dOp.maxPool2d(x, 2, 2));
  }
}
