package dev.lacuna.multimodal.mmp;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.RowsOp;
import java.util.stream.IntStream;

/**
 * Learned vectors that stand behind the embedded inputs of a transformer. They start from its class
 * token with noise of norm 0.1, as those of RPO's image side (Lee et al., ICCV 2023), and carry no
 * position.
 */
public final class ReadOnlyPrompts {
  private static final double NOISE = 0.1;

  private final Parameter vectors;

  /**
   * Declares {@code prompts} in a group.
   *
   * @param count number of prompts, at least 1
   * @param start the vector that all start from, such as the embedded class token
   * @param random draws the noise
   */
  public ReadOnlyPrompts(ParameterGroup group, int count, double[] start, CounterRandom random) {
    if (count < 1) {
      throw new IllegalArgumentException("there are " + count + " prompts, want 1 or more");
    }
    int width = start.length;
    double[] values = new double[count * width];
    for (int k = 0; k < count; k++) {
      double squares = 0;
      for (int j = 0; j < width; j++) {
        values[k * width + j] = random.normal((long) k * width + j);
        squares += values[k * width + j] * values[k * width + j];
      }
      for (int j = 0; j < width; j++) {
        values[k * width + j] = start[j] + NOISE / Math.sqrt(squares) * values[k * width + j];
      }
    }
    vectors = group.add("prompts", i -> values[i], count, width);
  }

  /** The vectors [count, width]. */
  public Parameter vectors() {
    return vectors;
  }

  /** Number of prompts. */
  public int count() {
    return (int) vectors.shape()[0];
  }

  /** The prompts once for each of {@code b} entries, [b, count, width]. */
  public Tensor repeated(Tape tape, int b) {
    int[] index = IntStream.range(0, b * count()).map(i -> i % count()).toArray();
    Tensor rows = RowsOp.gatherRows(tape.use(vectors), tape.input(index, index.length));
    return rows.reshape(b, count(), vectors.shape()[1]);
  }
}
