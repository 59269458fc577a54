package dev.lacuna.training.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** Numbers of scikit-learn in test resources. */
record Golden(JsonNode inputs, JsonNode outputs) {
  /** A file by name, without folder and ending. */
  static Golden read(String name) {
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name + ".json")) {
      JsonNode file = new ObjectMapper().readTree(Objects.requireNonNull(in, name));
      return new Golden(file.required("inputs"), file.required("outputs"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A metric. */
  double wanted(String metric) {
    JsonNode value = outputs.required(metric);
    if (!value.isNumber()) {
      throw new IllegalStateException(metric + " is " + value + ", no number");
    }
    return value.doubleValue();
  }

  /** An input by row; a vector is one column. */
  double[][] scores(String name) {
    return matrix(inputs.required(name));
  }

  /** An input of one column. */
  int[] labels(String name) {
    double[][] rows = matrix(inputs.required(name));
    int[] labels = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      labels[i] = (int) rows[i][0];
    }
    return labels;
  }

  /** An input of zeros and ones by row. */
  boolean[][] flags(String name) {
    double[][] rows = matrix(inputs.required(name));
    boolean[][] flags = new boolean[rows.length][rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      for (int c = 0; c < rows[i].length; c++) {
        flags[i][c] = rows[i][c] == 1;
      }
    }
    return flags;
  }

  static double[][] matrix(JsonNode array) {
    JsonNode data = array.required("data");
    int rows = array.required("shape").get(0).intValue();
    double[][] matrix = new double[rows][data.size() / rows];
    for (int i = 0; i < data.size(); i++) {
      matrix[i / matrix[0].length][i % matrix[0].length] = data.get(i).doubleValue();
    }
    return matrix;
  }
}
