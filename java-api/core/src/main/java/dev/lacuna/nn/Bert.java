package dev.lacuna.nn;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.Weights;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Encoding;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.RowsOp;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A text transformer of BERT's layout (Devlin et al., NAACL 2019), which MiniLM and many sentence
 * encoders have too: embeddings of word, position and segment 0 are added and normalised, then come
 * blocks with norms behind the residual connections. Token 0 of a text, [CLS], is its class token.
 */
public final class Bert {
  private static final double EPSILON = 1e-12;
  private static final String WORDS = "embeddings.word_embeddings.weight";
  private static final String POSITIONS = "embeddings.position_embeddings.weight";
  private static final String SEGMENTS = "embeddings.token_type_embeddings.weight";
  private static final String NORM = "embeddings.LayerNorm";
  private static final String BLOCKS = "encoder.layer.";

  /** What a block's parts are called in checkpoints. */
  private static final Map<String, String> PARTS =
      Map.of(
          "attn.q", "attention.self.query",
          "attn.k", "attention.self.key",
          "attn.v", "attention.self.value",
          "attn.proj", "attention.output.dense",
          "norm1", "attention.output.LayerNorm",
          "mlp.fc1", "intermediate.dense",
          "mlp.fc2", "output.dense",
          "norm2", "output.LayerNorm");

  private static final Map<String, String> EMBEDDINGS =
      Map.of(
          "embeddings.words", WORDS,
          "embeddings.positions", POSITIONS,
          "embeddings.segments", SEGMENTS,
          "embeddings.norm.weight", NORM + ".weight",
          "embeddings.norm.bias", NORM + ".bias");

  private final Parameter words;
  private final Parameter positions;
  private final Parameter segments;
  private final LayerNorm norm;
  private final TransformerEncoder encoder;

  /**
   * Declares the parameters of a pretrained model; its sizes are those of the tensors.
   *
   * @param groups where; embeddings count as weights
   * @param weights named as Hugging Face's BertModel names them, with or without a prefix such as
   *     {@code bert.}; linear weights are [out, in]. What else there is outside the blocks, such as
   *     a pooler, is left alone
   * @param heads of the attention, which the tensors do not tell: 12 of BERT-base and of MiniLM
   * @throws RuntimeException naming a tensor that is missing or of another shape
   * @throws IllegalArgumentException naming a tensor that shows another layout: one of a block that
   *     BERT's blocks do not have, or one of RoBERTa by its prefix
   */
  public Bert(Groups groups, Weights weights, int heads) {
    this(
        groups,
        table(weights, WORDS)[0],
        table(weights, POSITIONS)[0],
        table(weights, SEGMENTS)[0],
        config(weights, heads),
        (name, shape) -> {
          float[] values = weights.require(prefix(weights) + theirName(name), shape);
          return i -> values[i];
        });
  }

  /**
   * Declares fresh parameters: weights normal with standard deviation 0.02, biases 0.
   *
   * @param vocabulary number of different tokens
   * @param longest tokens of the longest text
   * @param config of the blocks; {@code norm} must be POST
   */
  public Bert(Groups groups, int vocabulary, int longest, Config config, long seed) {
    this(groups, vocabulary, longest, 1, config, Initial.fresh(seed));
  }

  private Bert(
      Groups groups, long vocabulary, long longest, long kinds, Config config, Initial initial) {
    if (config.norm() != Norm.POST) {
      throw new IllegalArgumentException("norm is " + config.norm() + ", want POST");
    }
    int width = config.width();
    words = embedding(groups, "embeddings.words", initial, vocabulary, width);
    positions = embedding(groups, "embeddings.positions", initial, longest, width);
    segments = embedding(groups, "embeddings.segments", initial, kinds, width);
    norm = new LayerNorm(groups, "embeddings.norm", width, EPSILON, initial);
    encoder = new TransformerEncoder(groups, config, initial);
  }

  /**
   * What texts a model takes.
   *
   * @param vocabulary number of different tokens
   * @param longest tokens of the longest text
   */
  public record Size(int vocabulary, int longest) {}

  /**
   * The size of a pretrained model.
   *
   * @throws IllegalArgumentException where the weights are not of this layout
   */
  public static Size size(Weights weights) {
    return new Size(table(weights, WORDS)[0], table(weights, POSITIONS)[0]);
  }

  /** Rows and width of an embedding. */
  private static int[] table(Weights weights, String name) {
    return Layout.extents(weights, prefix(weights) + name, "rows", "width");
  }

  private static Parameter embedding(Groups groups, String name, Initial initial, long... shape) {
    return groups.weights().add(name, initial.of(name, shape), shape);
  }

  private static Config config(Weights weights, int heads) {
    String prefix = prefix(weights);
    int width = table(weights, WORDS)[1];
    int depth =
        Layout.blocks(
            weights, prefix + BLOCKS, PARTS.values().stream().sorted().toList(), "BERT's layout");
    int hidden =
        Layout.extents(weights, prefix + blockName(0) + "intermediate.dense.bias", "hidden")[0];
    return new Config(width, depth, heads, hidden, Norm.POST, EPSILON, Activation.GELU);
  }

  private static String prefix(Weights weights) {
    String words =
        weights.names().stream()
            .filter(name -> name.endsWith(WORDS))
            .findFirst()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "these weights are not of BERT's layout: there is no tensor "
                        + WORDS
                        + ", but "
                        + weights.names().stream().limit(5).toList()
                        + " ..."));
    if (words.contains("roberta.")) {
      throw Layout.foreign(
          words, "BERT's layout: RoBERTa's has its first position behind that of padding");
    }
    return words.substring(0, words.length() - WORDS.length());
  }

  private static String blockName(int block) {
    return BLOCKS + block + ".";
  }

  /** {@code blocks.3.attn.q.bias} as {@code encoder.layer.3.attention.self.query.bias}. */
  private static String theirName(String name) {
    String embedding = EMBEDDINGS.get(name);
    if (embedding != null) {
      return embedding;
    }
    String[] parts = name.split("\\.", 3);
    int kind = parts[2].lastIndexOf('.');
    return blockName(Integer.parseInt(parts[1]))
        + PARTS.get(parts[2].substring(0, kind))
        + parts[2].substring(kind);
  }

  /**
   * What a token's embedding is at the beginning of a text, [width]: that of [CLS], 101 in BERT's
   * uncased vocabulary, is the class token.
   *
   * @throws IllegalArgumentException where the weights are not of this layout
   * @throws LacunaException where the token is none of their vocabulary
   */
  public static double[] embedded(Weights weights, int token) {
    String prefix = prefix(weights);
    int vocabulary = table(weights, WORDS)[0];
    int width = table(weights, WORDS)[1];
    if (token < 0 || token >= vocabulary) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "token "
              + token
              + " has no row in tensor "
              + prefix
              + WORDS
              + " ["
              + vocabulary
              + ", "
              + width
              + "], want 0 to "
              + (vocabulary - 1));
    }
    float[] word = weights.require(prefix + WORDS, vocabulary, width);
    float[] position = weights.require(prefix + POSITIONS, table(weights, POSITIONS)[0], width);
    float[] segment = weights.require(prefix + SEGMENTS, table(weights, SEGMENTS)[0], width);
    float[] gain = weights.require(prefix + NORM + ".weight", width);
    float[] bias = weights.require(prefix + NORM + ".bias", width);
    double[] sum = new double[width];
    Arrays.setAll(sum, j -> (double) word[token * width + j] + position[j] + segment[j]);
    double mean = Arrays.stream(sum).average().orElseThrow();
    double variance = Arrays.stream(sum).map(x -> (x - mean) * (x - mean)).average().orElseThrow();
    double[] normed = new double[width];
    Arrays.setAll(normed, j -> gain[j] * (sum[j] - mean) / Math.sqrt(variance + EPSILON) + bias[j]);
    return normed;
  }

  /** The blocks. */
  public TransformerEncoder encoder() {
    return encoder;
  }

  /** Tokens of the longest text that the model takes. */
  public int longest() {
    return (int) positions.shape()[0];
  }

  /** Number of different tokens. */
  public int vocabulary() {
    return (int) words.shape()[0];
  }

  /**
   * Embedded texts.
   *
   * @param ids token ids of all texts, [b, n] row-major, padded with any id
   * @param n tokens of a text with padding
   * @return [b, n, width]
   * @throws LacunaException where a text is longer than the model takes, or an id is none of its
   *     vocabulary
   */
  public Tensor embed(Tape tape, int[] ids, int n) {
    if (n > longest()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "a text of " + n + " tokens, the model takes at most " + longest() + "; cut it");
    }
    int b = n == 0 ? 0 : ids.length / n;
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= vocabulary()) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "token "
                + i % n
                + " of text "
                + i / n
                + " is "
                + ids[i]
                + ", want 0 to "
                + (vocabulary() - 1));
      }
    }
    int width = encoder.config().width();
    Tensor place =
        RowsOp.gatherRows(tape.use(positions), tape.input(IntStream.range(0, n).toArray(), n));
    Tensor segment = RowsOp.gatherRows(tape.use(segments), tape.input(new int[] {0}, 1));
    Tensor word = RowsOp.gatherRows(tape.use(words), tape.input(ids, ids.length));
    Tensor row = ElementwiseOp.add(place, segment).reshape(1, (long) n * width);
    Tensor sum = ElementwiseOp.add(word.reshape(b, (long) n * width), row);
    return norm.forward(sum.reshape(b, n, width));
  }

  /**
   * Outputs of all tokens of texts of different lengths, [CLS] and [SEP] included.
   *
   * @param texts token ids of each text, at least one
   * @return tokens [b, longest text, width]; those of padding are 0
   * @throws LacunaException where a text has no token, or as in {@link #embed}
   */
  public Encoding encode(Tape tape, int[][] texts) {
    for (int i = 0; i < texts.length; i++) {
      if (texts[i].length == 0) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "text "
                + i
                + " of "
                + texts.length
                + " (from 0) has no tokens, want at least one, such as [CLS]");
      }
    }
    int n = Arrays.stream(texts).mapToInt(text -> text.length).max().orElse(0);
    int[] ids = new int[texts.length * n];
    byte[] mask = new byte[ids.length];
    for (int i = 0; i < texts.length; i++) {
      System.arraycopy(texts[i], 0, ids, i * n, texts[i].length);
      Arrays.fill(mask, i * n, i * n + texts[i].length, (byte) 1);
    }
    return encoder.readable(embed(tape, ids, n), mask);
  }

  /**
   * Sentence embeddings: the mean of each text's outputs, which is what MiniLM was trained for.
   * They are not normalised.
   *
   * @param texts token ids of each text, at least one
   * @return [b, width]
   * @throws LacunaException where a text has no token, or as in {@link #embed}
   */
  public Tensor sentences(Tape tape, int[][] texts) {
    Tensor tokens = encode(tape, texts).tokens();
    int n = (int) tokens.size(1);
    int[] rows =
        IntStream.range(0, texts.length)
            .flatMap(i -> IntStream.range(i * n, i * n + texts[i].length))
            .toArray();
    int[] owner = Arrays.stream(rows).map(row -> row / n).toArray();
    Tensor kept =
        RowsOp.gatherRows(
            tokens.reshape(tokens.rows(), tokens.cols()), tape.input(rows, rows.length));
    Tensor sums = RowsOp.scatterRows(kept, tape.input(owner, owner.length), texts.length);
    float[] share = new float[texts.length];
    for (int i = 0; i < share.length; i++) {
      share[i] = 1f / texts[i].length;
    }
    return ElementwiseOp.mul(sums, tape.input(share, share.length, 1));
  }
}
