package dev.lacuna.kernels;

import dev.lacuna.io.Stateful;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.spi.Memory;

/**
 * A matrix P [size, size] that absorbs feature vectors and projects gradients [rows, size], both in
 * the back end's memory. P starts as I.
 */
public interface Projector extends Stateful, AutoCloseable {
  /** Number of features. */
  int size();

  /**
   * Whether nothing has been given to absorb since the start or {@link #reset()}, so that P is I;
   * known without asking the device.
   */
  boolean isFresh();

  /** Vectors absorbed since the start or {@link #reset()}. */
  long absorbed();

  /** P, row-major: for tests and pictures. */
  double[] matrix();

  /** Back to P = I. */
  void reset();

  /**
   * Absorbs a feature vector of {@code size} numbers.
   *
   * @param alpha at least 1e-6; smaller remembers more firmly
   */
  void absorb(Memory r, long offset, double alpha);

  /** Replaces a gradient by gradient P^T; where P is symmetric that is gradient P. */
  void project(Memory gradient, long offset, int rows);

  /** Absorbs a feature vector and projects a gradient, in the given order. */
  void step(
      Memory r,
      long offset,
      double alpha,
      Memory gradient,
      long gradientOffset,
      int rows,
      Order order);

  @Override
  void close();
}
