package dev.lacuna.nn;

import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReadOnlyAttentionOp;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Attention and a network of two layers, each beside a residual connection (Vaswani, 2017). */
final class TransformerBlock {
  /** What the block's inputs can be read by, each [b, n, width]. */
  record KeysAndValues(Tensor keys, Tensor values) {}

  /** Outputs [b, n, width], or [b, 1, width] of the first tokens alone. */
  record Result(Tensor tokens, KeysAndValues kept) {}

  /** Places of dropout in a block. */
  static final int PLACES = 3;

  /** How a first token reads: like a prompt that learns with its encoder. */
  private static final Options FIRST = Options.DEFAULT.withEncoderGrad(EncoderGrad.FLOW);

  private final TransformerEncoder.Config config;
  private final LayerNorm norm1;
  private final LayerNorm norm2;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear projection;
  private final Linear fc1;
  private final Linear fc2;

  TransformerBlock(Groups groups, String name, TransformerEncoder.Config config, Initial initial) {
    this.config = config;
    int width = config.width();
    norm1 = new LayerNorm(groups, name + ".norm1", width, config.epsilon(), initial);
    query = new Linear(groups, name + ".attn.q", width, width, initial);
    key = new Linear(groups, name + ".attn.k", width, width, initial);
    value = new Linear(groups, name + ".attn.v", width, width, initial);
    projection = new Linear(groups, name + ".attn.proj", width, width, initial);
    norm2 = new LayerNorm(groups, name + ".norm2", width, config.epsilon(), initial);
    fc1 = new Linear(groups, name + ".mlp.fc1", width, config.hidden(), initial);
    fc2 = new Linear(groups, name + ".mlp.fc2", config.hidden(), width, initial);
  }

  /**
   * All tokens attend to all.
   *
   * @param x the rows of a batch, [b, n, width] or fewer
   */
  Result all(Tensor x, TokenRows rows) {
    return all(x, rows, Dropout.NONE, 0);
  }

  /**
   * As {@link #all(Tensor, TokenRows)}, with dropout behind the attention's projection and both
   * layers of the network; torch drops attention weights too, which nobody has here.
   *
   * @param place first of {@value #PLACES} places
   */
  Result all(Tensor x, TokenRows rows, Dropout dropout, int place) {
    Tensor h = before(norm1, x);
    KeysAndValues kept = kept(h, rows);
    Tensor attended =
        ReadOnlyAttentionOp.inputs(
            rows.placed(query.forward(h)),
            kept.keys,
            kept.values,
            rows.keyMask(),
            config.heads(),
            Options.DEFAULT);
    return new Result(rest(x, rows.taken(attended), dropout, place), kept);
  }

  /** The first token of each entry attends to all: enough where only that one is used. */
  Result first(Tensor x, TokenRows rows) {
    Tensor h = before(norm1, x);
    KeysAndValues kept = kept(h, rows);
    return new Result(read(rows.first(x), rows.first(h), kept, rows.keyMask(), FIRST), kept);
  }

  private KeysAndValues kept(Tensor h, TokenRows rows) {
    return new KeysAndValues(rows.placed(key.forward(h)), rows.placed(value.forward(h)));
  }

  /** Prompts [b, p, width] read what was kept, as they would if they stood behind the inputs. */
  Tensor read(Tensor prompts, KeysAndValues kept, @Nullable Tensor keyMask, Options options) {
    return read(prompts, before(norm1, prompts), kept, keyMask, options);
  }

  /**
   * The {@link AttentionWeights} of the inputs [1, n, width] and prompts [1, p, width] of an entry.
   */
  double[][] weights(Tensor inputs, byte @Nullable [] mask, Tensor prompts, Options options) {
    Tensor h = before(norm1, inputs);
    Tensor read = before(norm1, prompts);
    return AttentionWeights.of(
        rows(query.forward(h), query.forward(read)),
        rows(key.forward(h), key.forward(read)),
        (int) inputs.rows(),
        mask,
        config.heads(),
        options);
  }

  /** The rows of both on the host. */
  private static double[][] rows(Tensor first, Tensor second) {
    return Stream.of(first, second)
        .flatMap(x -> {
          double[] flat = x.toDoubleArray();
          int width = (int) x.cols();
          return IntStream.range(0, (int) x.rows())
              .mapToObj(i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
        })
        .toArray(double[][]::new);
  }

  private Tensor read(
      Tensor x, Tensor h, KeysAndValues kept, @Nullable Tensor keyMask, Options options) {
    boolean alone = options.prompts() == Prompts.NONE;
    Tensor attended =
        ReadOnlyAttentionOp.prompts(
            kept.keys,
            kept.values,
            keyMask,
            query.forward(h),
            alone ? null : key.forward(h),
            alone ? null : value.forward(h),
            config.heads(),
            options);
    return rest(x, attended, Dropout.NONE, 0);
  }

  private Tensor rest(Tensor x, Tensor attended, Dropout dropout, int place) {
    Tensor projected = dropout.of(projection.forward(attended), place);
    Tensor y = after(norm1, ElementwiseOp.add(x, projected));
    Tensor hidden = dropout.of(config.activation().of(fc1.forward(before(norm2, y))), place + 1);
    return after(norm2, ElementwiseOp.add(y, dropout.of(fc2.forward(hidden), place + 2)));
  }

  private Tensor before(LayerNorm norm, Tensor x) {
    return config.norm() == TransformerEncoder.Norm.PRE ? norm.forward(x) : x;
  }

  private Tensor after(LayerNorm norm, Tensor x) {
    return config.norm() == TransformerEncoder.Norm.POST ? norm.forward(x) : x;
  }
}
