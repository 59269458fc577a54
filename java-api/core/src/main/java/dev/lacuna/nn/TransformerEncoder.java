package dev.lacuna.nn;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.nn.TransformerBlock.KeysAndValues;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A stack of transformer blocks over embedded tokens. What it computes of its inputs can be read by
 * prompts afterwards ({@link Encoding#read}); the inputs do not know of them.
 */
public final class TransformerEncoder {
  /** Where the norms stand. */
  public enum Norm {
    /** Before attention and network, and one more at the end: ViT. */
    PRE,
    /** After each residual connection: BERT. */
    POST
  }

  /** Between the two layers of a block's network. */
  public enum Activation {
    RELU,
    /** With the error function, not its approximation by tanh. */
    GELU;

    Tensor of(Tensor x) {
      return switch (this) {
        case RELU -> ElementwiseOp.relu(x);
        case GELU -> ElementwiseOp.gelu(x);
      };
    }
  }

  /**
   * Sizes.
   *
   * @param width of a token
   * @param depth number of blocks
   * @param heads of the attention; they divide the width
   * @param hidden width between the two layers of a block's network
   * @param norm where the norms stand
   * @param epsilon of the norms
   * @param activation of the network
   */
  public record Config(
      int width,
      int depth,
      int heads,
      int hidden,
      Norm norm,
      double epsilon,
      Activation activation) {
    /** Checks the sizes. */
    public Config {
      if (width < 1 || depth < 1 || hidden < 1 || heads < 1 || width % heads != 0) {
        throw new IllegalArgumentException(
            "a transformer of width "
                + width
                + ", depth "
                + depth
                + ", "
                + heads
                + " heads and a hidden width of "
                + hidden
                + ", want each >= 1 and heads that divide the width");
      }
      if (!(epsilon > 0)) {
        throw new IllegalArgumentException("epsilon is " + epsilon + ", want > 0");
      }
    }
  }

  private final Config config;
  private final List<TransformerBlock> blocks;
  private final @Nullable LayerNorm norm;

  /** Declares fresh parameters: weights normal with standard deviation 0.02, biases 0. */
  public TransformerEncoder(Groups groups, Config config, long seed) {
    this(groups, config, Initial.fresh(seed));
  }

  TransformerEncoder(Groups groups, Config config, Initial initial) {
    this.config = config;
    blocks =
        IntStream.range(0, config.depth())
            .mapToObj(i -> new TransformerBlock(groups, "blocks." + i, config, initial))
            .toList();
    norm =
        config.norm() == Norm.PRE
            ? new LayerNorm(groups, "norm", config.width(), config.epsilon(), initial)
            : null;
  }

  /** The sizes. */
  public Config config() {
    return config;
  }

  /**
   * Outputs of all tokens.
   *
   * @param x [b, n, width]
   * @param mask b * n bytes, 1 where a token may be read and 0 where it is padding; null: all may
   * @return tokens [b, n, width]
   */
  public Encoding all(Tensor x, byte @Nullable [] mask) {
    return all(x, mask, Dropout.NONE);
  }

  /** As {@link #all(Tensor, byte[])}, with dropout: a pass of training. */
  public Encoding all(Tensor x, byte @Nullable [] mask, Dropout dropout) {
    requireTokens(x);
    return run(x, mask, TokenRows.all(x, mask), false, dropout);
  }

  /** As {@link #all}, without work on tokens that may not be read: their outputs are 0. */
  Encoding readable(Tensor x, byte[] mask) {
    requireTokens(x);
    return run(x, mask, TokenRows.readable(x, mask), false, Dropout.NONE);
  }

  /**
   * Outputs of the first token of each entry alone, which spares most of the last block and, where
   * first tokens may be read, all work on tokens that may not.
   *
   * @param x [b, n, width]
   * @param mask as in {@link #all}
   * @return tokens [b, 1, width]
   */
  public Encoding first(Tensor x, byte @Nullable [] mask) {
    requireTokens(x);
    return run(x, mask, TokenRows.readable(x, mask), true, Dropout.NONE);
  }

  private Encoding run(
      Tensor x, byte @Nullable [] mask, TokenRows rows, boolean first, Dropout dropout) {
    List<KeysAndValues> kept = new ArrayList<>(blocks.size());
    Tensor tokens = rows.taken(x);
    for (TransformerBlock block : blocks) {
      boolean last = kept.size() == blocks.size() - 1;
      TransformerBlock.Result result =
          first && last
              ? block.first(tokens, rows)
              : block.all(tokens, rows, dropout, kept.size() * TransformerBlock.PLACES);
      kept.add(result.kept());
      tokens = result.tokens();
    }
    Tensor normed = normed(tokens);
    return new Encoding(this, first ? normed : rows.placed(normed), kept, mask);
  }

  /**
   * What inputs and the prompts behind them read, for people to look at: the only place that makes
   * a matrix of all weights, on the host.
   *
   * @param x inputs [1, n, width] of one entry
   * @param mask as in {@link #all}
   * @param prompts [1, p, width]
   * @param options as in {@link Encoding#read}
   * @return for each block [n + p][n + p], the mean over heads: row i reads column j with this
   *     weight, inputs first. Rows sum to 1, and an input's weights of prompts are 0
   */
  public List<double[][]> attentionWeights(
      Tensor x, byte @Nullable [] mask, Tensor prompts, Options options) {
    requireTokens(x);
    requireTokens(prompts);
    if (x.size(0) != 1 || prompts.size(0) != 1) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "attention weights: there are "
              + x.size(0)
              + " entries of inputs and "
              + prompts.size(0)
              + " of prompts, want 1 of each");
    }
    TokenRows rows = TokenRows.all(x, mask);
    List<double[][]> weights = new ArrayList<>(blocks.size());
    Tensor inputs = x;
    Tensor readers = prompts;
    for (TransformerBlock block : blocks) {
      weights.add(block.weights(inputs, mask, readers, options));
      TransformerBlock.Result result = block.all(inputs, rows);
      readers = block.read(readers, result.kept(), rows.keyMask(), options);
      inputs = result.tokens();
    }
    return weights;
  }

  private void requireTokens(Tensor x) {
    if (x.rank() != 3 || x.size(2) != config.width()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "transformer: x is "
              + Arrays.toString(x.shape())
              + ", want [b, n, "
              + config.width()
              + "]");
    }
  }

  private Tensor normed(Tensor tokens) {
    return norm == null ? tokens : norm.forward(tokens);
  }

  /** Outputs of a batch, and what prompts need to read its inputs. */
  public static final class Encoding implements ReadableEncoding {
    private final TransformerEncoder encoder;
    private final Tensor tokens;
    private final List<KeysAndValues> kept;
    private final byte @Nullable [] mask;

    private Encoding(
        TransformerEncoder encoder,
        Tensor tokens,
        List<KeysAndValues> kept,
        byte @Nullable [] mask) {
      this.encoder = encoder;
      this.tokens = tokens;
      this.kept = kept;
      this.mask = mask;
    }

    /** Outputs [b, n, width], or [b, 1, width] where only the first were asked for. */
    public Tensor tokens() {
      return tokens;
    }

    @Override
    public int size() {
      return (int) tokens.size(0);
    }

    @Override
    public Tensor classFeature() {
      int b = size();
      int n = (int) tokens.size(1);
      if (n == 1) {
        return tokens.reshape(b, tokens.cols());
      }
      int[] first = IntStream.range(0, b).map(i -> i * n).toArray();
      Tensor rows = tokens.reshape(tokens.rows(), tokens.cols());
      return RowsOp.gatherRows(rows, tokens.tape().input(first, b));
    }

    /** {@inheritDoc} Equal to one pass with a dense mask, at the cost of the prompts alone. */
    @Override
    public Tensor read(Tensor prompts, Options options) {
      Tape tape = prompts.tape();
      long n = kept.getFirst().keys().size(1);
      Tensor keyMask = mask == null ? null : tape.input(mask, size(), n);
      Tensor x = prompts;
      for (int i = 0; i < kept.size(); i++) {
        x = encoder.blocks.get(i).read(x, kept.get(i), keyMask, options);
      }
      return encoder.normed(x);
    }

    @Override
    public Encoding select(int[] entries) {
      Tensor index = tokens.tape().input(entries, entries.length);
      List<KeysAndValues> chosen =
          kept.stream()
              .map(k -> new KeysAndValues(select(k.keys(), index), select(k.values(), index)))
              .toList();
      byte[] of = mask;
      byte[] chosenMask = null;
      if (of != null) {
        int n = of.length / size();
        chosenMask = new byte[entries.length * n];
        for (int i = 0; i < entries.length; i++) {
          System.arraycopy(of, entries[i] * n, chosenMask, i * n, n);
        }
      }
      return new Encoding(encoder, select(tokens, index), chosen, chosenMask);
    }

    private static Tensor select(Tensor x, Tensor index) {
      Tensor rows = x.reshape(x.size(0), x.size(1) * x.size(2));
      return RowsOp.gatherRows(rows, index).reshape(index.count(), x.size(1), x.size(2));
    }
  }
}
