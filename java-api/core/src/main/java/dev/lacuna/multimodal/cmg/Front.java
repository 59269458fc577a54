package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Lstm;
import dev.lacuna.ops.RowsOp;
import java.util.Arrays;

/** What makes a vector of each step of a modality before its semantic encoder. */
public interface Front {
  /**
   * A vector for each step.
   *
   * @param x the steps of a batch, [sequences each, ...]: step s of sequence i is row i each + s
   * @return [sequences each, width]
   */
  Tensor forward(Tensor x, int sequences, int each);

  /** Numbers in a vector. */
  int width();

  /** The numbers of a step as they are: for features that a pretrained network has extracted. */
  static Front flat(int width) {
    return of(x -> x.rank() == 2 ? x : x.flatten(), width);
  }

  /** A layer that knows nothing of time, [n, ...] to [n, width]. */
  static Front of(Layer layer, int width) {
    return new Front() {
      @Override
      public Tensor forward(Tensor x, int sequences, int each) {
        return layer.forward(x);
      }

      @Override
      public int width() {
        return width;
      }
    };
  }

  /**
   * A bidirectional LSTM over the steps, as CMG has it for words.
   *
   * @param width numbers in its output: twice its hidden width
   */
  static Front of(Lstm lstm, int width) {
    return new Front() {
      @Override
      public Tensor forward(Tensor x, int sequences, int each) {
        Tensor rows = x.rank() == 2 ? x : x.flatten();
        Tensor past = reordered(rows, sequences, each).reshape(each, sequences, rows.cols());
        Tensor states = lstm.forward(past);
        return reordered(states.reshape((long) each * sequences, width), each, sequences);
      }

      @Override
      public int width() {
        return width;
      }
    };
  }

  /** Row i inner + j becomes row j outer + i. */
  private static Tensor reordered(Tensor x, int outer, int inner) {
    int[] rows = new int[outer * inner];
    Arrays.setAll(rows, row -> row % outer * inner + row / outer);
    return RowsOp.gatherRows(x, x.tape().input(rows, rows.length));
  }
}
