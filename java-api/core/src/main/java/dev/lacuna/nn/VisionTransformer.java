package dev.lacuna.nn;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Weights;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.RowsOp;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * An image transformer (Dosovitskiy et al., ViT, ICLR 2021): an image is cut into patches, a linear
 * map of each is a token, a class token stands before them, learned positions are added, and blocks
 * with norms before attention and network follow. Anything that is [channels, height, width] will
 * do, such as a spectrogram (Gong et al., AST, Interspeech 2021).
 */
public final class VisionTransformer {
  /** Of the norms, as timm has it. */
  public static final double EPSILON = 1e-6;

  private static final String PATCH = "patch_embed.proj";
  private static final String CLASS = "cls_token";
  private static final String POSITIONS = "pos_embed";
  private static final String BLOCKS = "blocks.";
  private static final String LAYOUT = "ViT's layout as timm has it";
  private static final String FUSED = "attn.qkv";
  private static final String[] SPLIT = {"attn.q", "attn.k", "attn.v"};

  /** Of a block. */
  private static final List<String> PARTS =
      List.of("norm1", FUSED, "attn.proj", "norm2", "mlp.fc1", "mlp.fc2");

  /** Beginnings of what variants have outside their blocks and compute with. */
  private static final List<String> VARIANTS =
      List.of("norm_pre.", "fc_norm.", "dist_token", "reg_token", "patch_embed.backbone.");

  /**
   * Images and their patches.
   *
   * @param channels of an image
   * @param height of an image
   * @param width of an image
   * @param patch side of a patch; what is left over at the lower and right edge is not seen
   */
  public record Input(int channels, int height, int width, int patch) {
    /** Checks the sizes. */
    public Input {
      if (channels < 1 || patch < 1 || height < patch || width < patch) {
        throw new IllegalArgumentException(
            "images of "
                + channels
                + " x "
                + height
                + " x "
                + width
                + " in patches of "
                + patch
                + " x "
                + patch
                + ", want each >= 1 and an image at least as large as a patch");
      }
    }

    /** Number of patches. */
    public int patches() {
      return (height / patch) * (width / patch);
    }
  }

  private final Groups groups;
  private final Input input;
  private final Parameter patchWeight;
  private final Parameter patchBias;
  private final double[] start;
  private final Parameter classToken;
  private final Parameter positions;
  private final TransformerEncoder encoder;

  /**
   * Declares fresh parameters: weights normal with standard deviation 0.02, biases 0.
   *
   * @param config of the blocks; {@code norm} must be PRE
   */
  public VisionTransformer(Groups groups, Input input, Config config, long seed) {
    this(groups, input, config, Initial.fresh(seed));
  }

  /**
   * Declares the parameters of a pretrained model; its sizes are those of the tensors, its images
   * are square.
   *
   * @param weights named as timm names them: {@code blocks.0.attn.qkv.weight} and so on; what else
   *     there is outside the blocks, such as a head, is left alone
   * @param heads of the attention, which the tensors do not tell: width / 64 in timm's own models
   * @throws RuntimeException naming a tensor that is missing or of another shape
   * @throws IllegalArgumentException naming a tensor that shows another layout, such as scales of
   *     layers, norms of queries, registers or a norm of its own for the head
   */
  public VisionTransformer(Groups groups, Weights weights, int heads) {
    this(groups, input(weights), config(weights, heads), timm(weights));
  }

  private VisionTransformer(Groups groups, Input input, Config config, Initial initial) {
    if (config.norm() != Norm.PRE) {
      throw new IllegalArgumentException("norm is " + config.norm() + ", want PRE");
    }
    this.groups = groups;
    this.input = input;
    int width = config.width();
    patchWeight =
        groups
            .weights()
            .add(
                PATCH + ".weight",
                initial.of(PATCH + ".weight", width, input.channels, input.patch, input.patch),
                width,
                input.channels,
                input.patch,
                input.patch);
    patchBias = groups.biases().add(PATCH + ".bias", initial.of(PATCH + ".bias", width), width);
    classToken = groups.weights().add(CLASS, initial.of(CLASS, 1, 1, width), 1, 1, width);
    int tokens = 1 + input.patches();
    positions =
        groups.weights().add(POSITIONS, initial.of(POSITIONS, 1, tokens, width), 1, tokens, width);
    start = new double[width];
    IntToDoubleFunction token = initial.of(CLASS, 1, 1, width);
    IntToDoubleFunction place = initial.of(POSITIONS, 1, tokens, width);
    Arrays.setAll(start, j -> token.applyAsDouble(j) + place.applyAsDouble(j));
    encoder = new TransformerEncoder(groups, config, initial);
  }

  /** The class token with its position, [width], as the model began. */
  public double[] classToken() {
    return start.clone();
  }

  /**
   * The images that a pretrained model takes.
   *
   * @throws IllegalArgumentException where the weights are not of this layout
   */
  public static Input input(Weights weights) {
    if (!weights.names().contains(POSITIONS)) {
      throw new IllegalArgumentException(
          "these weights are not of "
              + LAYOUT
              + ": there is no tensor "
              + POSITIONS
              + ", but "
              + weights.names().stream().limit(5).toList()
              + " ...");
    }
    for (String name : weights.names()) {
      if (VARIANTS.stream().anyMatch(name::startsWith)) {
        throw Layout.foreign(
            name, LAYOUT + ": one class token, no norm before the blocks, and one behind them");
      }
    }
    int[] patch = Layout.extents(weights, PATCH + ".weight", "width", "channels", "patch", "patch");
    int patches = Layout.extents(weights, POSITIONS, "1", "1 + patches", "width")[1] - 1;
    int side = (int) Math.round(Math.sqrt(patches));
    if (patch[2] != patch[3] || side * side != patches) {
      throw new IllegalArgumentException(
          PATCH
              + ".weight is "
              + Arrays.toString(patch)
              + " and there are positions of "
              + patches
              + " patches, want square patches of square images and one class token");
    }
    int size = side * patch[2];
    return new Input(patch[1], size, size, patch[2]);
  }

  private static Config config(Weights weights, int heads) {
    int depth = Layout.blocks(weights, BLOCKS, PARTS, LAYOUT);
    int width = Layout.extents(weights, CLASS, "1", "1", "width")[2];
    int hidden = Layout.extents(weights, BLOCKS + "0.mlp.fc1.bias", "hidden")[0];
    return new Config(width, depth, heads, hidden, Norm.PRE, EPSILON, Activation.GELU);
  }

  /** timm keeps queries, keys and values in one layer; we keep them apart. */
  private static Initial timm(Weights weights) {
    return (name, shape) -> {
      for (int part = 0; part < SPLIT.length; part++) {
        if (name.contains(SPLIT[part] + ".")) {
          long[] fused = shape.clone();
          fused[0] *= SPLIT.length;
          float[] values = weights.require(name.replace(SPLIT[part], FUSED), fused);
          int from = part * values.length / SPLIT.length;
          return i -> values[from + i];
        }
      }
      float[] values = weights.require(name, shape);
      return i -> values[i];
    };
  }

  /**
   * All parameters of the groups that the model was declared in, under timm's names, to be read by
   * {@link #VisionTransformer(Groups, Weights, int)}. A head declared there is called as it was.
   */
  public SafeTensors export() {
    SafeTensors file = new SafeTensors();
    Map<String, Parameter> all = groups.parameters();
    all.forEach((name, parameter) -> {
      if (name.contains(SPLIT[0] + ".")) {
        double[] fused =
            Arrays.stream(SPLIT)
                .map(part -> all.get(name.replace(SPLIT[0], part)))
                .flatMapToDouble(part -> Arrays.stream(part.get()))
                .toArray();
        long[] shape = parameter.shape();
        shape[0] *= SPLIT.length;
        put(file, name.replace(SPLIT[0], FUSED), fused, shape);
      } else if (!name.contains(SPLIT[1] + ".") && !name.contains(SPLIT[2] + ".")) {
        put(file, name, parameter.get(), parameter.shape());
      }
    });
    return file;
  }

  private static void put(SafeTensors file, String name, double[] values, long[] shape) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    file.tensors().put(name, new SafeTensors.Entry(shape, floats));
  }

  /** The images that the model takes. */
  public Input input() {
    return input;
  }

  /** The blocks. */
  public TransformerEncoder encoder() {
    return encoder;
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /** A linear map of each patch, [b patches, width], the patches row by row. */
  private Tensor patches(Tensor images) {
    int b = (int) images.size(0);
    int p = input.patch;
    int across = input.width / p;
    // an image is cut into pieces of so many pixels that make up its rows and those of a patch
    int piece = gcd(p, input.width);
    int[] index = new int[b * input.patches() * input.channels * p * (p / piece)];
    int next = 0;
    for (int i = 0; i < b; i++) {
      for (int patch = 0; patch < input.patches(); patch++) {
        for (int row = 0; row < input.channels * p; row++) {
          int y = patch / across * p + row % p;
          int line = (i * input.channels + row / p) * input.height + y;
          for (int x = patch % across * p; x < (patch % across + 1) * p; x += piece) {
            index[next++] = (line * input.width + x) / piece;
          }
        }
      }
    }
    Tape tape = images.tape();
    Tensor cut =
        RowsOp.gatherRows(
            images.reshape(images.count() / piece, piece), tape.input(index, index.length));
    long size = (long) input.channels * p * p;
    return LinearOp.linear(
        cut.reshape((long) b * input.patches(), size),
        tape.use(patchWeight).reshape(encoder.config().width(), size),
        tape.use(patchBias));
  }

  /**
   * Class token and patches as tokens.
   *
   * @param images [b, channels, height, width]
   * @return [b, 1 + patches, width]
   * @throws LacunaException where the images are of another size
   */
  public Tensor embed(Tensor images) {
    if (images.rank() != 4
        || images.size(1) != input.channels
        || images.size(2) != input.height
        || images.size(3) != input.width) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "vision transformer: images are "
              + Arrays.toString(images.shape())
              + ", want [b, "
              + input.channels
              + ", "
              + input.height
              + ", "
              + input.width
              + "]");
    }
    Tape tape = images.tape();
    int b = (int) images.size(0);
    int n = 1 + input.patches();
    int width = encoder.config().width();
    Tensor patches = patches(images);
    int[] rows =
        IntStream.range(0, b * input.patches())
            .map(i -> i / input.patches() * n + 1 + i % input.patches())
            .toArray();
    Tensor tokens = RowsOp.scatterRows(patches, tape.input(rows, rows.length), (long) b * n);
    // the class token and all positions are one row that every image gets
    Tensor first =
        RowsOp.scatterRows(tape.use(classToken).reshape(1, width), tape.input(new int[] {0}, 1), n);
    Tensor row = ElementwiseOp.add(first, tape.use(positions).reshape(n, width));
    return ElementwiseOp.add(tokens.reshape(b, (long) n * width), row.reshape(1, (long) n * width))
        .reshape(b, n, width);
  }
}
