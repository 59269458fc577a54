package dev.lacuna.multimodal.cmg;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.SoftmaxOp;
import java.util.Arrays;

/**
 * The front of feature maps [n, channels, height, width], CMG's for video: channels are weighted by
 * squeeze and excitation (Hu, Shen, Sun, CVPR 2018), places by how well they go with the mean of
 * the map, and summed.
 *
 * <pre>
 * s   = sigmoid(W2 relu(W1 mean_p x_p)),  v_p = (1 + s) x_p
 * a_p = softmax_p(w . tanh(U v_p + V mean_p v_p)),  out = sum_p a_p v_p
 * </pre>
 *
 * In the official code the softmax runs over an axis of length 1, so that all places weigh 1:
 * {@link Places#SUM}.
 */
public final class PooledMaps implements Front {
  /** How the places of a map become one. */
  public enum Places {
    /** Their weighted mean, by attention. */
    ATTENTION,
    /** Their sum, as the official code comes to; the attention's layers learn nothing. */
    SUM
  }

  /** Channels for each unit of the squeezed layer. */
  private static final int REDUCTION = 8;

  private final int channels;
  private final int area;
  private final Places places;
  private final Linear squeeze;
  private final Linear excite;
  private final Linear place;
  private final Linear mean;
  private final Linear score;

  /**
   * Declares the layers.
   *
   * @param channels of a map
   * @param area places of a map: height x width
   */
  public PooledMaps(
      ParameterGroup group, int channels, int area, Places places, CounterRandom random) {
    if (channels < 1 || area < 1) {
      throw new IllegalArgumentException(
          "maps of " + channels + " channels and " + area + " places, want each >= 1");
    }
    this.channels = channels;
    this.area = area;
    this.places = places;
    int few = Math.max(1, channels / REDUCTION);
    squeeze = new Linear(group, "squeeze", channels, few, layer(random, 0));
    excite = new Linear(group, "excite", few, channels, layer(random, 1));
    place = new Linear(group, "place", channels, few, layer(random, 2));
    mean = new Linear(group, "mean", channels, few, layer(random, 3));
    score = new Linear(group, "score", few, 1, layer(random, 4));
  }

  private static CounterRandom layer(CounterRandom random, int layer) {
    return new CounterRandom(random.seed(), random.stream(), random.step() + layer);
  }

  @Override
  public int width() {
    return channels;
  }

  @Override
  public Tensor forward(Tensor x, int sequences, int each) {
    int n = sequences * each;
    Tensor maps = x.reshape((long) n * channels, area);
    Tensor means = ReduceOp.mean(maps, Over.COLS).reshape(n, channels);
    Tensor gate = sigmoid(excite.forward(ElementwiseOp.relu(squeeze.forward(means))));
    Tensor gain = ElementwiseOp.affine(gate, 1, 1).reshape((long) n * channels, 1);
    Tensor weighted = ElementwiseOp.mul(maps, gain);
    if (places == Places.SUM) {
      return ReduceOp.sum(weighted, Over.COLS).reshape(n, channels);
    }
    Tensor weights = weights(weighted, n);
    int[] owner = new int[n * channels];
    Arrays.setAll(owner, row -> row / channels);
    Tensor everywhere = RowsOp.gatherRows(weights, x.tape().input(owner, owner.length));
    return ReduceOp.sum(ElementwiseOp.mul(weighted, everywhere), Over.COLS).reshape(n, channels);
  }

  /** Weights of the places, [n, area], rows that sum to 1. */
  private Tensor weights(Tensor maps, int n) {
    Tape tape = maps.tape();
    Tensor vectors = vectors(maps, n);
    Tensor means = ReduceOp.mean(maps, Over.COLS).reshape(n, channels);
    int[] owner = new int[n * area];
    Arrays.setAll(owner, row -> row / area);
    Tensor common = RowsOp.gatherRows(mean.forward(means), tape.input(owner, owner.length));
    Tensor hidden = ElementwiseOp.tanh(ElementwiseOp.add(place.forward(vectors), common));
    return SoftmaxOp.softmax(score.forward(hidden).reshape(n, area));
  }

  /** The vector of each place: maps [n channels, area] as [n area, channels]. */
  private Tensor vectors(Tensor maps, int n) {
    int[] from = new int[n * area * channels];
    for (int i = 0; i < from.length; i++) {
      int map = i / (area * channels);
      from[i] = (map * channels + i % channels) * area + i / channels % area;
    }
    Tensor single = maps.reshape((long) n * channels * area, 1);
    Tensor moved = RowsOp.gatherRows(single, maps.tape().input(from, from.length));
    return moved.reshape((long) n * area, channels);
  }

  private static Tensor sigmoid(Tensor x) {
    return ElementwiseOp.affine(ElementwiseOp.tanh(ElementwiseOp.affine(x, 0.5, 0)), 0.5, 0.5);
  }
}
