package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.nn.ReadableEncoding;
import dev.lacuna.nn.TransformerEncoder;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.training.mmp.ModalityEncoder.Embedded;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Prompts read as the formula has it: inputs and prompts go through the transformer together, under
 * a mask that hides the prompts from everyone. The results are those of keys and values that were
 * kept; the work is that of a whole pass. A yardstick.
 */
final class DenseEncoding implements ReadableEncoding {
  private final TransformerEncoder blocks;
  private final Embedded embedded;
  private final Tensor classFeature;

  DenseEncoding(TransformerEncoder blocks, Embedded embedded) {
    this(blocks, embedded, blocks.first(embedded.tokens(), embedded.mask()).classFeature());
  }

  private DenseEncoding(TransformerEncoder blocks, Embedded embedded, Tensor classFeature) {
    this.blocks = blocks;
    this.embedded = embedded;
    this.classFeature = classFeature;
  }

  @Override
  public int size() {
    return (int) classFeature.size(0);
  }

  @Override
  public Tensor classFeature() {
    return classFeature;
  }

  @Override
  public Tensor read(Tensor prompts, Options options) {
    if (options.prompts() != Prompts.NONE) {
      throw new IllegalArgumentException(
          "a mask of keys cannot let prompts read " + options.prompts() + ", want NONE");
    }
    int b = size();
    int n = (int) embedded.tokens().size(1);
    int p = (int) prompts.size(1);
    boolean flows = options.encoderGrad() == EncoderGrad.FLOW;
    Tensor inputs = flows ? embedded.tokens() : embedded.tokens().detach();
    Tensor both =
        ElementwiseOp.add(placed(inputs, b, n, n + p, 0), placed(prompts, b, p, n + p, n));
    byte[] seen = new byte[b * (n + p)];
    for (int i = 0; i < b; i++) {
      for (int j = 0; j < n; j++) {
        seen[i * (n + p) + j] = embedded.mask() == null ? 1 : embedded.mask()[i * n + j];
      }
    }
    Tensor out = blocks.all(both.reshape(b, n + p, prompts.size(2)), seen).tokens();
    Tensor rows = out.reshape(out.rows(), out.cols());
    int[] places = index(b, p, n + p, n);
    Tensor index = out.tape().input(places, places.length);
    return RowsOp.gatherRows(rows, index).reshape(b, p, prompts.size(2));
  }

  /** x [b, n, width] as rows of sequences of another length, at an offset. */
  private static Tensor placed(Tensor x, int b, int n, int length, int offset) {
    Tensor rows = x.reshape(x.rows(), x.cols());
    int[] places = index(b, n, length, offset);
    Tensor index = x.tape().input(places, places.length);
    return RowsOp.scatterRows(rows, index, Math.multiplyExact((long) b, length));
  }

  private static int[] index(int b, int n, int length, int offset) {
    return IntStream.range(0, b * n).map(i -> i / n * length + offset + i % n).toArray();
  }

  @Override
  public DenseEncoding select(int[] entries) {
    Tensor tokens = embedded.tokens();
    Tape tape = tokens.tape();
    int n = (int) tokens.size(1);
    int[] rows = Arrays.stream(entries).flatMap(i -> IntStream.range(i * n, i * n + n)).toArray();
    Tensor chosen =
        RowsOp.gatherRows(
            tokens.reshape(tokens.rows(), tokens.cols()), tape.input(rows, rows.length));
    byte[] mask = embedded.mask() == null ? null : new byte[rows.length];
    for (int i = 0; mask != null && i < rows.length; i++) {
      mask[i] = embedded.mask()[rows[i]];
    }
    Tensor features = RowsOp.gatherRows(classFeature, tape.input(entries, entries.length));
    return new DenseEncoding(
        blocks, new Embedded(chosen.reshape(entries.length, n, tokens.cols()), mask), features);
  }
}
