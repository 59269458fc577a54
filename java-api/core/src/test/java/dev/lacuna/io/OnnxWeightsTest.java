package dev.lacuna.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Initialisers and nodes are found; damaged and hostile files are refused with their name. */
final class OnnxWeightsTest {
  private static final float[] NUMBERS = {1, -2, 3.5f, Float.NaN, Float.MIN_VALUE, -0f};

  @TempDir private Path folder;

  private static byte[] sample() {
    return Onnx.model(graph -> {
      Onnx.node(graph, "", "Constant");
      Onnx.node(graph, "/query/MatMul", "MatMul", "x", "onnx::MatMul_42");
      Onnx.node(graph, "/key/MatMul", "MatMul", "x", "onnx::MatMul_43");
      Onnx.node(graph, "/Add", "Add", "a", "b");
      Onnx.node(graph, "/Add", "Add", "b", "c");
      Onnx.tensor(graph, Onnx.raw("query.bias", new long[] {2}, 4, 5));
      Onnx.tensor(graph, Onnx.raw("onnx::MatMul_42", new long[] {2, 3}, NUMBERS));
      Onnx.tensor(graph, Onnx.raw("onnx::MatMul_43", new long[] {0, 3}));
      Onnx.tensor(
          graph,
          tensor -> {
            tensor.writeInt32(2, 7);
            tensor.writeByteArray(9, new byte[8]);
            tensor.writeString(8, "position_ids");
          });
    });
  }

  private OnnxWeights read(byte[] content) {
    Path file = folder.resolve("model.onnx");
    try {
      Files.write(file, content);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return OnnxWeights.read(file);
  }

  private static void assertRefused(Executable action, String... parts) {
    LacunaException e = assertThrows(LacunaException.class, action);
    assertEquals(Status.INVALID_ARGUMENT, e.status());
    assertTrue(e.getMessage().contains("model.onnx: "), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), "'" + e.getMessage() + "' lacks '" + part + "'");
    }
  }

  @Test
  void aTensorIsFoundByItsNameAndThroughItsNode() {
    OnnxWeights weights = read(sample());
    assertEquals(
        List.of("query.bias", "onnx::MatMul_42", "onnx::MatMul_43", "position_ids"),
        List.copyOf(weights.shapes().keySet()));
    assertArrayEquals(new long[] {2, 3}, weights.shapes().get("onnx::MatMul_42"));
    assertArrayEquals(new float[] {4, 5}, weights.tensor("query.bias", 2).data());
    SafeTensors.Entry query = weights.tensor(weights.nodeInput("/query/MatMul", 1), 2, 3);
    assertArrayEquals(new long[] {2, 3}, query.shape());
    assertArrayEquals(NUMBERS, query.data());
    assertEquals(0, weights.tensor("onnx::MatMul_43", 0, 3).data().length);
    assertEquals(
        new OnnxWeights.Node(
            "/query/MatMul",
            "MatMul",
            List.of("x", "onnx::MatMul_42"),
            List.of("/query/MatMul_output_0")),
        weights.nodes().get(1));
    assertEquals(5, weights.nodes().size());
  }

  @Test
  void whatIsGivenOutIsACopy() {
    OnnxWeights weights = read(sample());
    Arrays.fill(weights.tensor("query.bias", 2).data(), 0);
    weights.shapes().get("query.bias")[0] = 0;
    assertArrayEquals(new float[] {4, 5}, weights.tensor("query.bias", 2).data());
  }

  @Test
  void numbersStandInAnyWayThatTheFormatHas() {
    OnnxWeights weights =
        read(
            Onnx.model(graph -> {
              Onnx.tensor(
                  graph,
                  out -> {
                    out.writeByteArray(4, Onnx.littleEndian(NUMBERS));
                    out.writeString(8, "packed");
                    out.writeByteArray(1, new byte[] {3, 2});
                    out.writeInt32(2, 1);
                  });
              Onnx.tensor(
                  graph,
                  out -> {
                    out.writeString(8, "one by one");
                    out.writeInt64(1, 6);
                    out.writeInt32(2, 1);
                    for (float number : NUMBERS) {
                      out.writeFloat(4, number);
                    }
                  });
              Onnx.tensor(
                  graph,
                  out -> {
                    out.writeByteArray(9, Onnx.littleEndian(7));
                    out.writeString(8, "scalar, its type last");
                    out.writeInt32(2, 1);
                  });
            }));
    assertArrayEquals(NUMBERS, weights.tensor("packed", 3, 2).data());
    assertArrayEquals(NUMBERS, weights.tensor("one by one", 6).data());
    assertArrayEquals(new float[] {7}, weights.tensor("scalar, its type last").data());
  }

  @Test
  void whatIsMissingIsNamedWithWhatIsNearest() {
    OnnxWeights weights = read(sample());
    assertRefused(
        () -> weights.tensor("onnx::MatMul_44", 2, 3),
        "has no tensor onnx::MatMul_44; its nearest names are onnx::MatMul_42, onnx::MatMul_43,");
    assertRefused(
        () -> weights.nodeInput("/value/MatMul", 1),
        "has no node /value/MatMul; its nearest names are /query/MatMul, /key/MatMul, /Add");
    assertRefused(
        () -> read(Onnx.model(graph -> {})).tensor("a"), "no tensor a; it has none with a name");
  }

  @Test
  void whatIsOtherThanWantedIsNamedWithBoth() {
    OnnxWeights weights = read(sample());
    assertRefused(
        () -> weights.tensor("onnx::MatMul_42", 3, 2),
        "tensor onnx::MatMul_42 is [2, 3], want [3, 2]");
    assertRefused(
        () -> weights.tensor("position_ids"),
        "tensor position_ids has numbers of type INT64, want FLOAT");
    assertRefused(
        () -> weights.nodeInput("/query/MatMul", 2),
        "node /query/MatMul (MatMul) has 2 inputs, input 2 (from 0) is wanted");
    assertRefused(() -> weights.nodeInput("/query/MatMul", -1), "input -1");
    assertRefused(() -> weights.nodeInput("/Add", 0), "has 2 nodes /Add, want one");
  }

  @Test
  void numbersInFurtherFilesAreAnErrorThatSaysSo() {
    assertRefused(
        () ->
            read(
                Onnx.model(graph ->
                    Onnx.tensor(
                        graph,
                        out -> {
                          out.writeInt64(1, 2);
                          out.writeInt32(2, 1);
                          out.writeByteArray(
                              13, Onnx.message(entry -> entry.writeString(1, "location")));
                          out.writeEnum(14, 1);
                          out.writeString(8, "query.bias");
                        }))),
        "tensor query.bias keeps its numbers in another file (external data)");
  }

  @TestFactory
  Stream<DynamicTest> aTensorThatContradictsItselfIsRefused() {
    long huge = 1L << 33;
    byte[] one = Onnx.littleEndian(1);
    record Case(String message, Onnx.Fields tensor) {}
    return Stream.of(
            new Case("[3] has 8 bytes, want 12", Onnx.raw("t", new long[] {3}, 1, 2)),
            new Case("[] has 8 bytes, want 4", Onnx.raw("t", new long[0], 1, 2)),
            new Case("has shape [-1, -1]", Onnx.raw("t", new long[] {-1, -1}, 1)),
            new Case("has shape", Onnx.raw("t", new long[] {huge, huge}, 1)),
            new Case("has shape", Onnx.raw("t", new long[] {1L << 29}, 1)),
            new Case("more than 64 dimensions", Onnx.raw("t", new long[65], 1)),
            new Case(
                "both raw_data and float_data",
                out -> {
                  out.writeInt32(2, 1);
                  out.writeByteArray(4, one);
                  out.writeByteArray(9, one);
                }),
            new Case(
                "[] has 7 bytes, want 4",
                out -> {
                  out.writeInt32(2, 1);
                  out.writeByteArray(9, new byte[7]);
                }),
            new Case(
                "not an ONNX file",
                out -> {
                  out.writeInt32(2, 1);
                  out.writeByteArray(4, new byte[7]);
                }))
        .map(refused ->
            DynamicTest.dynamicTest(
                refused.message(),
                () ->
                    assertRefused(
                        () -> read(Onnx.model(graph -> Onnx.tensor(graph, refused.tensor()))),
                        refused.message())));
  }

  @Test
  void twoTensorsOfANameAreRefused() {
    assertRefused(
        () ->
            read(
                Onnx.model(graph -> {
                  Onnx.tensor(graph, Onnx.raw("t", new long[] {1}, 1));
                  Onnx.tensor(graph, Onnx.raw("t", new long[] {1}, 2));
                })),
        "tensor t is there twice");
  }

  @Test
  void whatIsNoModelIsRefused() {
    assertRefused(() -> read(new byte[0]), "it holds no graph");
    assertRefused(() -> read("<html></html>".getBytes(UTF_8)), "is not an ONNX file");
    assertRefused(() -> read(new byte[] {58, -1, -1, -1, -1, 7}), "is not an ONNX file");
    assertRefused(() -> read(new byte[] {58, -1, -1, -1, -1, 15}), "is not an ONNX file");
    assertRefused(
        () -> OnnxWeights.read(folder.resolve("nowhere/model.onnx")), "cannot be read", "nowhere");
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] tensors =
        Onnx.message(model ->
            model.writeByteArray(
                7,
                Onnx.message(graph -> {
                  Onnx.node(graph, "/MatMul", "MatMul", "x", "w");
                  Onnx.tensor(graph, Onnx.raw("w", new long[] {2, 3}, NUMBERS));
                })));
    for (int length = 0; length < tensors.length; length++) {
      byte[] cut = Arrays.copyOf(tensors, length);
      assertRefused(() -> read(cut), "is not an ONNX file");
    }
  }

  /** Groups, which ONNX has none of, are the one thing that nests without a length. */
  @Test
  void deepNestingIsRefused() {
    byte[] groups = new byte[1_000_000];
    Arrays.fill(groups, (byte) (100 << 3 | 3));
    assertRefused(() -> read(groups), "is not an ONNX file");
    byte[] inGraph = Onnx.message(model -> model.writeByteArray(7, groups));
    assertRefused(() -> read(inGraph), "is not an ONNX file");
  }

  /**
   * Whatever it says, a file takes some times its size; each of these is two bytes over and over.
   */
  @TestFactory
  Stream<DynamicTest> aFileCannotMultiplyItself() {
    int times = 500_000;
    record Case(String name, byte[] again, boolean inNode) {}
    return Stream.of(
            new Case("nodes", new byte[] {1 << 3 | 2, 0}, false),
            new Case("inputs", new byte[] {1 << 3 | 2, 0}, true),
            new Case("outputs", new byte[] {2 << 3 | 2, 0}, true))
        .map(hostile ->
            DynamicTest.dynamicTest(
                hostile.name(),
                () -> {
                  byte[] fields = new byte[2 * times];
                  for (int i = 0; i < fields.length; i++) {
                    fields[i] = hostile.again()[i % 2];
                  }
                  byte[] content =
                      Onnx.model(graph -> {
                        if (hostile.inNode()) {
                          graph.writeByteArray(1, fields);
                        } else {
                          graph.writeRawBytes(fields);
                        }
                      });
                  read(content);
                  long before = allocated();
                  OnnxWeights.read(folder.resolve("model.onnx"));
                  long taken = allocated() - before;
                  long most = hostile.inNode() ? 32L * content.length : 200L * times;
                  assertTrue(taken < most, taken + " for " + content.length);
                }));
  }

  @Test
  void aFileOfNumbersTakesItsSizeOnce() {
    byte[] content =
        Onnx.model(graph ->
            Onnx.tensor(graph, Onnx.raw("w", new long[] {1_000_000}, new float[1_000_000])));
    read(content);
    long before = allocated();
    OnnxWeights.read(folder.resolve("model.onnx"));
    long taken = allocated() - before;
    assertTrue(taken < content.length + (1 << 20), taken + " for " + content.length);
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
