package dev.lacuna.training.loop;

import dev.lacuna.Context;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.Memory;

/**
 * The losses of steps, kept on the device till somebody reads them, so that no step waits for it.
 */
public final class Losses implements AutoCloseable {
  private final Context context;
  private final Memory kept;
  private final int[] ends;
  private int count;
  private int steps;

  /**
   * Room for the losses between two readings.
   *
   * @param steps at most
   * @param each losses of one step, at most
   */
  public Losses(Context context, int steps, int each) {
    this.context = context;
    ends = new int[steps + 1];
    kept = context.allocate((long) steps * each * context.real().bytes());
  }

  /** Keeps a loss of the step under way; the tape may be reset then. */
  public void add(Tensor loss) {
    long bytes = context.real().bytes();
    context.copy(kept, count * bytes, loss.memory(), loss.offset(), bytes);
    count++;
  }

  /** Ends a step. */
  public void endStep() {
    steps++;
    ends[steps] = count;
  }

  /** Steps that nobody has read. */
  int unread() {
    return steps;
  }

  /** The mean loss of each step since the last reading; waits for the device. */
  public double[] read() {
    double[] all = context.read(kept, 0, count);
    double[] means = new double[steps];
    for (int step = 0; step < steps; step++) {
      double sum = 0;
      for (int i = ends[step]; i < ends[step + 1]; i++) {
        sum += all[i];
      }
      means[step] = sum / (ends[step + 1] - ends[step]);
    }
    count = 0;
    steps = 0;
    return means;
  }

  @Override
  public void close() {
    context.free(kept);
  }
}
