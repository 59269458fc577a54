package dev.lacuna.io;

import static com.google.protobuf.WireFormat.WIRETYPE_FIXED32;
import static com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED;
import static com.google.protobuf.WireFormat.WIRETYPE_VARINT;
import static dev.lacuna.io.OnnxWeights.brief;
import static dev.lacuna.io.OnnxWeights.error;

import com.google.protobuf.CodedInputStream;
import dev.lacuna.io.OnnxWeights.Initializer;
import dev.lacuna.io.OnnxWeights.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads {@link OnnxWeights} field by field: classes generated from onnx.proto would copy every
 * tensor's bytes, and of its hundreds of fields a dozen matter here.
 */
final class OnnxReader {
  // fields as their tags stand in the file: the number in onnx.proto and how it is encoded
  private static final int MODEL_GRAPH = 7 << 3 | WIRETYPE_LENGTH_DELIMITED;

  private static final int GRAPH_NODE = 1 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int GRAPH_INITIALIZER = 5 << 3 | WIRETYPE_LENGTH_DELIMITED;

  private static final int NODE_INPUT = 1 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int NODE_OUTPUT = 2 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int NODE_NAME = 3 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int NODE_OP_TYPE = 4 << 3 | WIRETYPE_LENGTH_DELIMITED;

  private static final int TENSOR_DIM = 1 << 3 | WIRETYPE_VARINT;
  private static final int TENSOR_DIMS = 1 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int TENSOR_DATA_TYPE = 2 << 3 | WIRETYPE_VARINT;
  private static final int TENSOR_FLOAT = 4 << 3 | WIRETYPE_FIXED32;
  private static final int TENSOR_FLOATS = 4 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int TENSOR_NAME = 8 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int TENSOR_RAW_DATA = 9 << 3 | WIRETYPE_LENGTH_DELIMITED;
  private static final int TENSOR_DATA_LOCATION = 14 << 3 | WIRETYPE_VARINT;

  /** Of TensorProto.DataType, by number. */
  private static final List<String> DATA_TYPES =
      List.of(
          "UNDEFINED",
          "FLOAT",
          "UINT8",
          "INT8",
          "UINT16",
          "INT16",
          "INT32",
          "INT64",
          "STRING",
          "BOOL",
          "FLOAT16",
          "DOUBLE",
          "UINT32",
          "UINT64",
          "COMPLEX64",
          "COMPLEX128",
          "BFLOAT16");

  private static final int FLOAT = DATA_TYPES.indexOf("FLOAT");
  private static final int EXTERNAL = 1;
  private static final int MAX_EXTENTS = 64;

  /** What to do with a field whose tag has just been read. */
  private interface Field {
    void read(int tag) throws IOException;
  }

  /** Reads one of the numbers of a packed field. */
  private interface Element {
    void read() throws IOException;
  }

  private final Path file;
  private final byte[] content;
  private final CodedInputStream in;
  private final Map<String, Initializer> initializers = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private boolean graph;

  private OnnxReader(Path file, byte[] content) {
    this.file = file;
    this.content = content;
    in = CodedInputStream.newInstance(content);
  }

  /** Reads a file's content, which the result goes on using. */
  static OnnxWeights read(Path file, byte[] content) {
    OnnxReader reader = new OnnxReader(file, content);
    try {
      // without a limit of its own the stream believes lengths beyond its end
      reader.message(content.length, reader::model);
    } catch (IOException e) {
      throw error(file, "is not an ONNX file: " + e.getMessage());
    }
    if (!reader.graph) {
      throw error(file, "is not an ONNX file: it holds no graph");
    }
    return new OnnxWeights(file, reader.initializers, reader.nodes);
  }

  private void message(int length, Field field) throws IOException {
    int outer = in.pushLimit(length);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      field.read(tag);
    }
    in.popLimit(outer);
  }

  private void model(int tag) throws IOException {
    if (tag == MODEL_GRAPH) {
      graph = true;
      message(in.readRawVarint32(), this::graph);
    } else {
      in.skipField(tag);
    }
  }

  private void graph(int tag) throws IOException {
    switch (tag) {
      case GRAPH_NODE -> nodes.add(new NodeFields().read());
      case GRAPH_INITIALIZER -> new TensorFields().read();
      default -> in.skipField(tag);
    }
  }

  private final class NodeFields {
    private final List<String> inputs = new ArrayList<>();
    private final List<String> outputs = new ArrayList<>();
    private String name = "";
    private String opType = "";

    private Node read() throws IOException {
      message(in.readRawVarint32(), this::field);
      return new Node(name, opType, List.copyOf(inputs), List.copyOf(outputs));
    }

    private void field(int tag) throws IOException {
      switch (tag) {
        case NODE_INPUT -> inputs.add(in.readString());
        case NODE_OUTPUT -> outputs.add(in.readString());
        case NODE_NAME -> name = in.readString();
        case NODE_OP_TYPE -> opType = in.readString();
        default -> in.skipField(tag);
      }
    }
  }

  /** A tensor's numbers stand in its raw_data or in its float_data. */
  private final class TensorFields {
    private String name = "";
    private int dataType;
    private boolean external;
    private long[] dims = new long[4];
    private int rank;
    private ByteBuffer raw = ByteBuffer.allocate(0);
    private float[] floats = new float[0];
    private int count;

    private void read() throws IOException {
      message(in.readRawVarint32(), this::field);
      if (external) {
        throw error(
            file,
            "tensor "
                + brief(name)
                + " keeps its numbers in another file (external data), want a model saved as one"
                + " file");
      }
      long[] shape = Arrays.copyOf(dims, rank);
      Initializer initializer =
          new Initializer(shape, typeName(), dataType == FLOAT ? values(shape) : null);
      if (initializers.put(name, initializer) != null) {
        throw error(file, "tensor " + brief(name) + " is there twice");
      }
    }

    private void field(int tag) throws IOException {
      switch (tag) {
        case TENSOR_DIM -> dim();
        case TENSOR_DIMS -> packed(this::dim);
        case TENSOR_DATA_TYPE -> dataType = in.readInt32();
        case TENSOR_FLOAT -> number();
        case TENSOR_FLOATS -> packed(this::number);
        case TENSOR_NAME -> name = in.readString();
        case TENSOR_RAW_DATA -> {
          int length = in.readRawVarint32();
          int start = in.getTotalBytesRead();
          in.skipRawBytes(length);
          raw = ByteBuffer.wrap(content, start, length).slice().order(ByteOrder.LITTLE_ENDIAN);
        }
        case TENSOR_DATA_LOCATION -> external = in.readEnum() == EXTERNAL;
        default -> in.skipField(tag);
      }
    }

    private void packed(Element element) throws IOException {
      int outer = in.pushLimit(in.readRawVarint32());
      while (!in.isAtEnd()) {
        element.read();
      }
      in.popLimit(outer);
    }

    private void dim() throws IOException {
      if (rank == MAX_EXTENTS) {
        throw error(file, "tensor " + brief(name) + " has more than " + rank + " dimensions");
      }
      if (rank == dims.length) {
        dims = Arrays.copyOf(dims, MAX_EXTENTS);
      }
      dims[rank++] = in.readInt64();
    }

    private void number() throws IOException {
      if (count == floats.length) {
        floats = Arrays.copyOf(floats, count + count / 2 + 4);
      }
      floats[count++] = in.readFloat();
    }

    private String typeName() {
      return dataType >= 0 && dataType < DATA_TYPES.size()
          ? DATA_TYPES.get(dataType)
          : "number " + dataType;
    }

    private FloatBuffer values(long[] shape) {
      if (raw.hasRemaining() && count > 0) {
        throw error(file, "tensor " + brief(name) + " has both raw_data and float_data");
      }
      long want = Float.BYTES;
      for (long extent : shape) {
        if (extent < 0 || (extent > 0 && want > Integer.MAX_VALUE / extent)) {
          throw error(file, "tensor " + brief(name) + " has shape " + Arrays.toString(shape));
        }
        want *= extent;
      }
      long got = count > 0 ? (long) Float.BYTES * count : raw.remaining();
      if (got != want) {
        throw error(
            file,
            "tensor "
                + brief(name)
                + " "
                + Arrays.toString(shape)
                + " has "
                + got
                + " bytes, want "
                + want);
      }
      return count > 0 ? FloatBuffer.wrap(floats, 0, count) : raw.asFloatBuffer();
    }
  }
}
