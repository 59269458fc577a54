package dev.lacuna.training.data.own;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.NpyArray;
import dev.lacuna.training.data.NpyReader;
import dev.lacuna.training.data.Scaling;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A feature that was computed elsewhere: a {@code .npy} file with an array [width], or a sequence
 * [steps, width] or [steps, channels, height, width]. All of a kind have one shape.
 *
 * @param kind what it is a feature of
 * @param file the file
 * @param where what names it, for messages
 */
record ArraySource(Kind kind, Path file, String where) implements FeatureReader.Source {
  private static final String SUFFIX = ".npy";

  /** Whether a cell names such a file. */
  static boolean isNamedBy(String cell) {
    return cell.toLowerCase(Locale.ROOT).endsWith(SUFFIX);
  }

  @Override
  public float[] read(FeatureReader reader) {
    try {
      return values(reader.arrayShape(kind));
    } catch (LacunaException e) {
      throw bad(where, e.getMessage());
    }
  }

  private float[] values(int[] shape) {
    NpyArray array = NpyReader.read(file);
    if (!Arrays.equals(array.shape(), shape)) {
      throw bad(
          file.toString(),
          "shape "
              + Arrays.toString(array.shape())
              + ", want "
              + Arrays.toString(shape)
              + " as the first of "
              + kind.text()
              + " has");
    }
    float[] values = array.values();
    int stepSize = shape.length == 1 ? values.length : values.length / shape[0];
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw bad(
            file.toString(),
            values[i]
                + (shape.length == 1 ? "" : " in step " + i / stepSize)
                + " at position "
                + i % stepSize
                + ", want finite values");
      }
    }
    return values;
  }

  /**
   * The shapes of the kinds whose features are arrays, each that of the first sample's.
   *
   * @throws LacunaException where some of a kind are arrays and others not, or the shape is none of
   *     those that there may be
   */
  static Map<Kind, int[]> shapes(List<Item> items, List<Kind> kinds) {
    Map<Kind, int[]> shapes = new EnumMap<>(Kind.class);
    for (Kind kind : kinds) {
      List<Item> having = items.stream().filter(i -> i.sources().containsKey(kind)).toList();
      List<ArraySource> arrays =
          having.stream()
              .map(item -> item.sources().get(kind))
              .filter(ArraySource.class::isInstance)
              .map(ArraySource.class::cast)
              .toList();
      if (arrays.isEmpty()) {
        continue;
      }
      if (arrays.size() < having.size()) {
        Item other =
            having.stream()
                .filter(item -> !(item.sources().get(kind) instanceof ArraySource))
                .findFirst()
                .orElseThrow();
        throw bad(
            other.where(),
            kind.text()
                + " of '"
                + other.id()
                + "' is no .npy file, but "
                + arrays.getFirst().file
                + " is one; want all or none");
      }
      shapes.put(kind, arrays.getFirst().shape());
    }
    return shapes;
  }

  private int[] shape() {
    int[] shape;
    try {
      shape = NpyReader.shape(file);
    } catch (LacunaException e) {
      throw bad(where, e.getMessage());
    }
    if (shape.length != 1 && shape.length != 2 && shape.length != 4) {
      throw bad(
          where,
          file
              + ": shape "
              + Arrays.toString(shape)
              + ", want [width], [steps, width] or [steps, channels, height, width]");
    }
    return shape;
  }

  /** A modality of arrays of a shape. */
  static Modality modality(String name, int[] shape, float[][] rows, Scaling scaling) {
    return switch (shape.length) {
      case 1 -> new Modality(name, 1, 1, shape[0], rows, scaling);
      case 2 -> Modality.ofSequences(name, shape[0], 1, 1, shape[1], rows, scaling);
      default -> Modality.ofSequences(name, shape[0], shape[1], shape[2], shape[3], rows, scaling);
    };
  }

  private static LacunaException bad(String where, String what) {
    return new LacunaException(Status.INVALID_ARGUMENT, where + ": " + what);
  }
}
