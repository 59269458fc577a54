package dev.lacuna.training.data;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.Arrays;

/**
 * An array of numbers, as NumPy keeps it in a {@code .npy} file.
 *
 * @param shape its sizes, each &gt;= 1; none of a single number
 * @param values row-major; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
public record NpyArray(int[] shape, float[] values) {
  /** Checks that there are as many values as the shape says. */
  public NpyArray {
    long size = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    if (size != values.length || Arrays.stream(shape).anyMatch(d -> d < 1)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "array of shape "
              + Arrays.toString(shape)
              + " has "
              + values.length
              + " values, want the product of sizes that are each >= 1");
    }
  }
}
