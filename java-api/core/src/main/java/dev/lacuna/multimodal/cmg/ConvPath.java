package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Conv2d;
import dev.lacuna.nn.ConvTranspose2d;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ConcatOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import dev.lacuna.ops.RowsOp;
import java.util.stream.IntStream;

/**
 * The specific path of pictures and feature maps [n, channels, height, width], after CMG's for
 * video: two convolutions 3 x 3 with ReLU, one 1 x 1, a residual block; the feature is a network of
 * two layers over the mean of the map. The decoder sets a linear layer of the code beside every
 * place of the map and goes back by transposed convolutions.
 *
 * <p>Maps of up to 8 x 8 are convolved without padding, as CMG's 7 x 7 which become 3 x 3; larger
 * ones are halved twice. The residual block adds to its input; the official code's adds to the
 * rectified input, since its first ReLU works in place.
 */
public final class ConvPath implements SpecificPath {
  /** Beyond it a side is halved. */
  private static final int SMALL = 8;

  private static final int KERNEL = 3;

  /**
   * How many channels and features.
   *
   * @param first channels after the first convolution; 1024 in CMG
   * @param second channels of the map; 2048 in CMG
   * @param features numbers in a specific feature; 512 in CMG
   */
  public record Widths(int first, int second, int features) {
    /** For small pictures. */
    public static final Widths SMALL_PICTURES = new Widths(16, 32, 64);

    /** Checks the sizes. */
    public Widths {
      if (first < 1 || second < 1 || features < 1) {
        throw new IllegalArgumentException(
            "widths are " + first + ", " + second + " and " + features + ", want each >= 1");
      }
    }
  }

  private final Widths widths;
  private final int stride;
  private final int pad;
  private final int[] heights;
  private final int[] sides;
  private final Conv2d first;
  private final Conv2d second;
  private final Conv2d third;
  private final Conv2d residual1;
  private final Conv2d residual2;
  private final Linear pooled1;
  private final Linear pooled2;
  private final Linear code;
  private final Conv2d join;
  private final ConvTranspose2d back1;
  private final ConvTranspose2d back2;

  /**
   * Declares the layers.
   *
   * @param encoder group of what makes the features
   * @param decoder group of what makes steps of them
   * @param channels of a step
   * @param height of a step, at least 5
   * @param width of a step, at least 5
   * @param codeWidth numbers in a code
   */
  public ConvPath(
      ParameterGroup encoder,
      ParameterGroup decoder,
      String name,
      int channels,
      int height,
      int width,
      int codeWidth,
      Widths widths,
      CounterRandom random) {
    this.widths = widths;
    boolean small = Math.max(height, width) <= SMALL;
    stride = small ? 1 : 2;
    pad = small ? 0 : 1;
    heights = sides(height);
    sides = sides(width);
    if (heights[2] < 1 || sides[2] < 1) {
      throw new IllegalArgumentException(
          name + " has steps of " + height + " x " + width + ", want at least 5 x 5");
    }
    int a = widths.first;
    int b = widths.second;
    String of = name + ".specific.";
    first = new Conv2d(encoder, of + "conv1", channels, a, KERNEL, stride, pad, layer(random, 0));
    second = new Conv2d(encoder, of + "conv2", a, b, KERNEL, stride, pad, layer(random, 1));
    third = new Conv2d(encoder, of + "conv3", b, b, 1, 1, 0, layer(random, 2));
    residual1 = new Conv2d(encoder, of + "residual1", b, b, KERNEL, 1, 1, layer(random, 3));
    residual2 = new Conv2d(encoder, of + "residual2", b, b, 1, 1, 0, layer(random, 4));
    pooled1 = new Linear(encoder, of + "pooled1", b, b, layer(random, 5));
    pooled2 = new Linear(encoder, of + "pooled2", b, widths.features, layer(random, 6));
    String to = name + ".decoder.";
    code = new Linear(decoder, to + "code", codeWidth, b, layer(random, 7));
    join = new Conv2d(decoder, to + "join", 2 * b, b, 1, 1, 0, layer(random, 8));
    back1 = back(decoder, to + "back1", b, a, 2, layer(random, 9));
    back2 = back(decoder, to + "back2", a, channels, 1, layer(random, 10));
  }

  /** Sides before, between and after the two convolutions. */
  private int[] sides(int side) {
    int half = (side + 2 * pad - KERNEL) / stride + 1;
    return new int[] {side, half, (half + 2 * pad - KERNEL) / stride + 1};
  }

  /** The way back from the sides after a convolution to those before it. */
  private ConvTranspose2d back(
      ParameterGroup group, String name, int in, int out, int from, CounterRandom random) {
    return new ConvTranspose2d(
        group,
        name,
        in,
        out,
        KERNEL,
        stride,
        pad,
        heights[from - 1] - reached(heights[from]),
        sides[from - 1] - reached(sides[from]),
        random);
  }

  /** The side that a transposed convolution makes by itself. */
  private int reached(int side) {
    return (side - 1) * stride - 2 * pad + KERNEL;
  }

  private static CounterRandom layer(CounterRandom random, int layer) {
    return new CounterRandom(random.seed(), random.stream(), random.step() + layer);
  }

  @Override
  public Specific encode(Tensor x) {
    Tensor hidden = ElementwiseOp.relu(second.forward(ElementwiseOp.relu(first.forward(x))));
    Tensor map = third.forward(hidden);
    Tensor block = residual1.forward(ElementwiseOp.relu(map));
    map = ElementwiseOp.relu(ElementwiseOp.add(map, residual2.forward(ElementwiseOp.relu(block))));
    long n = x.size(0);
    int places = heights[2] * sides[2];
    Tensor mean = ReduceOp.mean(map.reshape(n * widths.second, places), Over.COLS);
    Tensor pooled = ElementwiseOp.relu(pooled1.forward(mean.reshape(n, widths.second)));
    return new Specific(map, pooled2.forward(pooled));
  }

  @Override
  public Tensor decode(Tensor codes, Tensor map) {
    Tape tape = codes.tape();
    int n = (int) codes.rows();
    int places = heights[2] * sides[2];
    int[] rows = IntStream.range(0, n * widths.second * places).map(i -> i / places).toArray();
    Tensor said = code.forward(codes).reshape((long) n * widths.second, 1);
    Tensor everywhere =
        RowsOp.gatherRows(said, tape.input(rows, rows.length))
            .reshape(n, (long) widths.second * places);
    Tensor beside =
        ConcatOp.columns(everywhere, map.reshape(n, (long) widths.second * places))
            .reshape(n, 2L * widths.second, heights[2], sides[2]);
    Tensor hidden = ElementwiseOp.relu(join.forward(beside));
    hidden = ElementwiseOp.relu(back1.forward(hidden));
    return back2.forward(hidden).flatten();
  }

  @Override
  public int features() {
    return widths.features;
  }

  @Override
  public long[] mapShape() {
    return new long[] {widths.second, heights[2], sides[2]};
  }
}
