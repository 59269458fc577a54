package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** Numbers of third-party code in test resources. */
public final class Golden {
  private Golden() {}

  /** A file by name, without folder and ending. */
  public static JsonNode read(String name) {
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name + ".json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(in, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The numbers of an array, or of a plain number. */
  public static double[] values(JsonNode array) {
    if (array.isNumber()) {
      return new double[] {array.asDouble()};
    }
    JsonNode data = array.path("data");
    assertTrue(data.isArray(), "no array: " + array);
    double[] values = new double[data.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = data.get(i).asDouble();
    }
    return values;
  }

  /** The extents of an array. */
  public static long[] shape(JsonNode array) {
    long[] shape = new long[array.path("shape").size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = array.path("shape").get(i).asLong();
    }
    return shape;
  }

  /**
   * Fails unless max |got - want| is at most {@code tolerance} max |want| (with a floor of 1e-12).
   */
  public static void assertClose(String what, JsonNode want, double[] got, double tolerance) {
    double[] wanted = values(want);
    assertEquals(wanted.length, got.length, what);
    double largest = 0;
    for (double value : wanted) {
      largest = Math.max(largest, Math.abs(value));
    }
    double bound = Math.max(tolerance * largest, 1e-12);
    for (int i = 0; i < wanted.length; i++) {
      assertEquals(wanted[i], got[i], bound, what + "[" + i + "]");
    }
  }
}
