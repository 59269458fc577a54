package dev.lacuna.io;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** ONNX files made for tests. */
final class Onnx {
  /** Writes the fields of a message. */
  interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private Onnx() {}

  static byte[] message(Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      fields.write(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** A model with a version, and a graph between a name and an input that nobody here reads. */
  static byte[] model(Fields graph) {
    return message(model -> {
      model.writeInt64(1, 8);
      model.writeByteArray(
          7,
          message(out -> {
            out.writeString(2, "torch_jit");
            graph.write(out);
            out.writeByteArray(11, message(input -> input.writeString(1, "input_ids")));
          }));
      model.writeByteArray(8, message(opset -> opset.writeInt64(2, 14)));
    });
  }

  static void tensor(CodedOutputStream graph, Fields fields) throws IOException {
    graph.writeByteArray(5, message(fields));
  }

  static void node(CodedOutputStream graph, String name, String op, String... inputs)
      throws IOException {
    graph.writeByteArray(
        1,
        message(node -> {
          for (String input : inputs) {
            node.writeString(1, input);
          }
          node.writeString(2, name + "_output_0");
          node.writeString(3, name);
          node.writeString(4, op);
        }));
  }

  /** A tensor of floats as exporters write them. */
  static Fields raw(String name, long[] shape, float... values) {
    return out -> {
      for (long extent : shape) {
        out.writeInt64(1, extent);
      }
      out.writeInt32(2, 1);
      out.writeString(8, name);
      out.writeByteArray(9, littleEndian(values));
    };
  }

  static byte[] littleEndian(float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }
}
