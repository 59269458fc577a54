package dev.lacuna.io;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The weights of an ONNX file, which are its graph's initialisers, and its nodes, through which
 * weights that an exporter gave no name of their own are found. Nothing is run.
 *
 * <p>What goes wrong is a {@link LacunaException} that names the file.
 *
 * @see <a href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">the format's own
 *     description</a>
 */
public final class OnnxWeights {
  private static final int NEAR_NAMES = 3;
  private static final int LONGEST_NAME = 100;

  /**
   * A node of the graph.
   *
   * @param name as the exporter chose it, often empty
   * @param opType such as {@code MatMul}
   * @param inputs names of tensors, an empty one where an optional input is left out
   * @param outputs names of tensors
   */
  public record Node(String name, String opType, List<String> inputs, List<String> outputs) {}

  /**
   * An initialiser.
   *
   * @param dataType its type's name in the format
   * @param values its numbers if they are floats
   */
  record Initializer(long[] shape, String dataType, @Nullable FloatBuffer values) {}

  private final Path file;
  private final Map<String, Initializer> initializers;
  private final List<Node> nodes;

  OnnxWeights(Path file, Map<String, Initializer> initializers, List<Node> nodes) {
    this.file = file;
    this.initializers = initializers;
    this.nodes = Collections.unmodifiableList(nodes);
  }

  /**
   * Reads a file, of at most 2 GiB as the format has it. Takes the file's size in memory, and
   * beside that some hundred bytes a tensor or node; numbers are copied when they are asked for.
   *
   * @throws LacunaException where the file cannot be read, is damaged, or keeps its numbers in
   *     further files
   */
  public static OnnxWeights read(Path file) {
    try {
      long size = Files.size(file);
      if (size > Integer.MAX_VALUE - 8) {
        throw error(file, "has " + size + " bytes, want at most 2^31 - 9");
      }
      return OnnxReader.read(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new LacunaException(Status.INVALID_ARGUMENT, file + ": cannot be read: " + e, e);
    }
  }

  /** The extents of every initialiser by name, in the file's order. */
  public Map<String, long[]> shapes() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    initializers.forEach((name, initializer) -> shapes.put(name, initializer.shape().clone()));
    return shapes;
  }

  /** The nodes in the file's order, in which each comes after those that it depends on. */
  public List<Node> nodes() {
    return nodes;
  }

  /**
   * A copy of an initialiser, which must be there with that shape.
   *
   * @throws LacunaException where it is missing, of another shape, or not of 32-bit floats
   */
  public SafeTensors.Entry tensor(String name, long... shape) {
    Initializer initializer = initializers.get(name);
    if (initializer == null) {
      throw missing("tensor", name, initializers.keySet());
    }
    if (!Arrays.equals(initializer.shape(), shape)) {
      throw error(
          file,
          "tensor "
              + brief(name)
              + " is "
              + Arrays.toString(initializer.shape())
              + ", want "
              + Arrays.toString(shape));
    }
    FloatBuffer values = initializer.values();
    if (values == null) {
      throw error(
          file,
          "tensor "
              + brief(name)
              + " has numbers of type "
              + initializer.dataType()
              + ", want FLOAT");
    }
    float[] copy = new float[values.remaining()];
    values.duplicate().get(copy);
    return new SafeTensors.Entry(shape.clone(), copy);
  }

  /**
   * The name of a node's input: that of a weight matrix is input 1 of its {@code MatMul}.
   *
   * @param nodeName must be that of one node
   * @param input counted from 0
   * @throws LacunaException where there is no such node or input, or several nodes of the name
   */
  public String nodeInput(String nodeName, int input) {
    List<Node> found = nodes.stream().filter(node -> node.name().equals(nodeName)).toList();
    if (found.isEmpty()) {
      throw missing("node", nodeName, nodes.stream().map(Node::name).toList());
    }
    if (found.size() > 1) {
      throw error(file, "has " + found.size() + " nodes " + brief(nodeName) + ", want one");
    }
    Node node = found.getFirst();
    if (input < 0 || input >= node.inputs().size()) {
      throw error(
          file,
          "node "
              + brief(nodeName)
              + " ("
              + brief(node.opType())
              + ") has "
              + node.inputs().size()
              + " inputs, input "
              + input
              + " (from 0) is wanted");
    }
    return node.inputs().get(input);
  }

  LacunaException missing(String what, String name, Collection<String> names) {
    String near =
        names.stream()
            .filter(other -> !other.isEmpty())
            .sorted(Comparator.comparingInt(other -> -inCommon(name, other)))
            .limit(NEAR_NAMES)
            .map(OnnxWeights::brief)
            .collect(Collectors.joining(", "));
    return error(
        file,
        "has no "
            + what
            + " "
            + brief(name)
            + "; "
            + (near.isEmpty() ? "it has none with a name" : "its nearest names are " + near));
  }

  /** How many letters two names share at their beginnings and their ends. */
  private static int inCommon(String a, String b) {
    int shorter = Math.min(a.length(), b.length());
    int first = 0;
    while (first < shorter && a.charAt(first) == b.charAt(first)) {
      first++;
    }
    int last = 0;
    while (last < shorter - first
        && a.charAt(a.length() - 1 - last) == b.charAt(b.length() - 1 - last)) {
      last++;
    }
    return first + last;
  }

  /** A name in a message. */
  static String brief(String name) {
    return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME) + "...";
  }

  static LacunaException error(Path file, String text) {
    return new LacunaException(Status.INVALID_ARGUMENT, file + ": " + text);
  }
}
