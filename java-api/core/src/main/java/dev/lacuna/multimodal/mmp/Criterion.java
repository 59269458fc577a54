package dev.lacuna.multimodal.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.BinaryCrossEntropyOp;
import dev.lacuna.ops.SoftmaxOp;
import java.util.Arrays;

/** What the heads of a batch are to say. */
@FunctionalInterface
public interface Criterion {
  /**
   * The loss of a head, a scalar.
   *
   * @param logits [n, classes]
   * @param samples positions within the batch of the n samples
   */
  Tensor loss(Tensor logits, int[] samples);

  /**
   * One class a sample: the mean cross-entropy.
   *
   * @param labels class of each sample of the batch
   */
  static Criterion singleLabel(int[] labels) {
    return (logits, samples) -> {
      requireAll(samples, labels.length, "labels");
      int[] chosen = Arrays.stream(samples).map(i -> labels[i]).toArray();
      return SoftmaxOp.crossEntropy(logits, logits.tape().input(chosen, chosen.length));
    };
  }

  /**
   * Any number of classes a sample: the mean binary cross-entropy.
   *
   * @param targets targets[i][c] is 1 where sample i of the batch is of class c, else 0
   */
  static Criterion multiLabel(float[][] targets) {
    return (logits, samples) -> {
      requireAll(samples, targets.length, "rows of targets");
      Tape tape = logits.tape();
      int classes = (int) logits.cols();
      float[] chosen = new float[samples.length * classes];
      for (int i = 0; i < samples.length; i++) {
        float[] row = targets[samples[i]];
        if (row.length != classes) {
          throw new IllegalArgumentException(
              "sample " + samples[i] + " has " + row.length + " targets, want " + classes);
        }
        System.arraycopy(row, 0, chosen, i * classes, classes);
      }
      return BinaryCrossEntropyOp.bceWithLogits(
          logits, tape.input(chosen, samples.length, classes));
    };
  }

  private static void requireAll(int[] samples, int count, String what) {
    int last = Arrays.stream(samples).max().orElse(-1);
    if (last >= count) {
      throw new IllegalArgumentException(
          "there are " + count + " " + what + ", want one for each sample, up to sample " + last);
    }
  }
}
