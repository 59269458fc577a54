package dev.lacuna.multimodal.mmp;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import java.util.stream.IntStream;

/**
 * Estimates the class feature of one modality from what the read-only prompts of another make of
 * its input: a network of two layers with a GELU between them. Kim and Kim do not say how outputs
 * of several prompts are joined, nor how deep the network is.
 */
public final class FeaturePredictor {
  /** How the outputs of several prompts become one vector. */
  public enum Pooling {
    /** Their mean. */
    MEAN,
    /** All side by side. */
    CONCATENATION
  }

  private final Pooling pooling;
  private final Linear fc1;
  private final Linear fc2;

  /**
   * Declares {@code name.fc1} and {@code name.fc2}, drawn Xavier-normal: outputs that were constant
   * over samples would stay so, since VICReg's variance term has no gradient there.
   *
   * @param prompts number of prompts
   * @param from width of a prompt's output, and of the network between its layers
   * @param to width of the estimated feature
   */
  public FeaturePredictor(
      ParameterGroup group,
      String name,
      Pooling pooling,
      int prompts,
      int from,
      int to,
      CounterRandom random) {
    this.pooling = pooling;
    int in = pooling == Pooling.MEAN ? from : prompts * from;
    fc1 = new Linear(group, name + ".fc1", in, from, random);
    CounterRandom second = new CounterRandom(random.seed(), random.stream(), random.step() + 1);
    fc2 = new Linear(group, name + ".fc2", from, to, second);
  }

  /**
   * The estimated features.
   *
   * @param outputs of the prompts, [b, prompts, from]
   * @return [b, to]
   */
  public Tensor forward(Tensor outputs) {
    return fc2.forward(ElementwiseOp.gelu(fc1.forward(pooled(outputs))));
  }

  private Tensor pooled(Tensor outputs) {
    int b = (int) outputs.size(0);
    int prompts = (int) outputs.size(1);
    if (pooling == Pooling.CONCATENATION) {
      return outputs.reshape(b, prompts * outputs.size(2));
    }
    Tape tape = outputs.tape();
    int[] owner = IntStream.range(0, b * prompts).map(i -> i / prompts).toArray();
    Tensor rows = outputs.reshape((long) b * prompts, outputs.size(2));
    Tensor sums = RowsOp.scatterRows(rows, tape.input(owner, owner.length), b);
    return ElementwiseOp.affine(sums, 1.0 / prompts, 0);
  }
}
