package dev.lacuna.training.encoder;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Layer;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.training.data.Modality;
import java.util.Arrays;

/**
 * The sum of the embeddings of a text's n tokens, whatever their order, divided by the square root
 * of n (TensorFlow's combiner {@code sqrtn}); padding does not count. An embedding is drawn
 * standard-normal, as PyTorch's {@code EmbeddingBag}, and so is then the sum, however long the
 * text. With the mean, steps in the embeddings are smaller by that root too: after 15 epochs text
 * alone had named 37 % of the emoji instead of 45 %.
 */
final class EmbeddingBag implements Layer {
  private final Parameter weight;

  /** Declares {@code name.weight} [vocabulary, width] in a group. */
  EmbeddingBag(ParameterGroup group, String name, int vocabulary, int width, CounterRandom random) {
    weight = group.add(name + ".weight", random::normal, vocabulary, width);
  }

  /**
   * The divided sums.
   *
   * @param x token ids as numbers, [n, 1, 1, length], as a batch has them
   * @return [n, width]
   */
  @Override
  public Tensor forward(Tensor x) {
    Tape tape = x.tape();
    // ids are looked up by whole numbers, and how many there are is known here alone
    float[] padded = x.toArray();
    int n = (int) x.size(0);
    int length = padded.length / n;
    int[] ids = new int[padded.length];
    int[] sampleOf = new int[padded.length];
    float[] share = new float[n];
    int count = 0;
    for (int i = 0; i < padded.length; i++) {
      if (padded[i] != Modality.PAD) {
        ids[count] = (int) padded[i];
        sampleOf[count++] = i / length;
        share[i / length]++;
      }
    }
    for (int i = 0; i < n; i++) {
      share[i] = (float) (1 / Math.sqrt(share[i]));
    }
    Tensor embeddings =
        RowsOp.gatherRows(tape.use(weight), tape.input(Arrays.copyOf(ids, count), count));
    Tensor sums =
        RowsOp.scatterRows(embeddings, tape.input(Arrays.copyOf(sampleOf, count), count), n);
    return ElementwiseOp.mul(sums, tape.input(share, n, 1));
  }
}
