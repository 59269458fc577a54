package dev.lacuna.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights are found by their modules. */
final class OnnxModulesTest {
  @TempDir private Path folder;

  /** Exporters keep equal weights once, under a name of their own or that of a module. */
  @ParameterizedTest
  @ValueSource(strings = {"onnx::MatMul_7", "query.weight", "key.weight"})
  void modulesThatShareAWeightBothHaveIt(String factor) throws IOException {
    byte[] content =
        Onnx.model(graph -> {
          Onnx.node(graph, "/query/MatMul", "MatMul", "x", factor);
          Onnx.node(graph, "/key/MatMul", "MatMul", "x", factor);
          Onnx.tensor(graph, Onnx.raw("query.bias", new long[] {2}, 7, 8));
          Onnx.tensor(graph, Onnx.raw(factor, new long[] {3, 2}, 1, 2, 3, 4, 5, 6));
        });
    Path file = Files.write(folder.resolve("model.onnx"), content);
    Weights weights = new OnnxModules(OnnxWeights.read(file));
    assertEquals(Set.of("query.bias", "query.weight", "key.weight"), weights.names());
    for (String name : new String[] {"query.weight", "key.weight"}) {
      assertArrayEquals(new long[] {2, 3}, weights.shape(name), name);
      assertArrayEquals(new float[] {1, 3, 5, 2, 4, 6}, weights.require(name, 2, 3), name);
    }
  }
}
