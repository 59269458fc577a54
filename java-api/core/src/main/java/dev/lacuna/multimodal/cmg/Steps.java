package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import java.util.stream.IntStream;

/**
 * The steps of a batch of sequences as rows of a tensor: row i t + s is step s of sequence i.
 *
 * @param sequences how many, at least 1
 * @param each steps of a sequence, at least 1
 */
record Steps(int sequences, int each) {
  /** All rows. */
  int rows() {
    return sequences * each;
  }

  /** The mean over the steps of each sequence: [rows, d] becomes [sequences, d]. */
  Tensor mean(Tensor x) {
    int[] owner = IntStream.range(0, rows()).map(row -> row / each).toArray();
    Tensor sums = RowsOp.scatterRows(x, x.tape().input(owner, owner.length), sequences);
    return ElementwiseOp.affine(sums, 1.0 / each, 0);
  }

  /** The same row for every step of a sequence: [sequences, d] becomes [rows, d]. */
  Tensor repeat(Tensor x) {
    int[] owner = IntStream.range(0, rows()).map(row -> row / each).toArray();
    return RowsOp.gatherRows(x, x.tape().input(owner, owner.length));
  }

  /** The first steps of all sequences, all of step 0 before all of step 1: [count sequences, d]. */
  Tensor first(Tensor x, int count) {
    int[] rows =
        IntStream.range(0, count * sequences)
            .map(row -> row % sequences * each + row / sequences)
            .toArray();
    return gather(x, rows);
  }

  /** One step of all sequences: [sequences, d]. */
  Tensor at(Tensor x, int step) {
    return gather(x, IntStream.range(0, sequences).map(i -> i * each + step).toArray());
  }

  /** All steps of some of the sequences, in the order given; x itself where these are all. */
  Tensor of(Tensor x, int[] chosen) {
    if (isAll(chosen)) {
      return x;
    }
    return gather(
        x,
        IntStream.range(0, chosen.length * each)
            .map(row -> chosen[row / each] * each + row % each)
            .toArray());
  }

  private boolean isAll(int[] chosen) {
    return chosen.length == sequences
        && IntStream.range(0, sequences).allMatch(i -> chosen[i] == i);
  }

  private static Tensor gather(Tensor x, int[] rows) {
    Tape tape = x.tape();
    return RowsOp.gatherRows(x, tape.input(rows, rows.length));
  }
}
