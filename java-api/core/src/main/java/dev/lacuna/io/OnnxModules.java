package dev.lacuna.io;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The weights of a PyTorch model that was exported to ONNX, under the names of its modules. Most
 * keep them; a linear layer's weight becomes the anonymous second factor of a matrix product, [in,
 * out], which is found through the product's node: {@code encoder.layer.0.output.dense.weight} is
 * that of {@code /encoder/layer.0/output/dense/MatMul}, and comes [out, in] as in PyTorch.
 */
public final class OnnxModules implements Weights {
  private static final String PRODUCT = "/MatMul";
  private static final String WEIGHT = ".weight";

  private final OnnxWeights file;
  private final Map<String, long[]> shapes;

  /** Names of products' factors by their modules' weights. */
  private final Map<String, String> factors = new LinkedHashMap<>();

  /** Finds the modules of a file. */
  public OnnxModules(OnnxWeights file) {
    this.file = file;
    Map<String, long[]> initialisers = file.shapes();
    for (OnnxWeights.Node node : file.nodes()) {
      boolean product = node.opType().equals("MatMul") && node.name().endsWith(PRODUCT);
      String factor = product && node.inputs().size() == 2 ? node.inputs().get(1) : "";
      long[] shape = initialisers.get(factor);
      if (shape != null && shape.length == 2) {
        String path = node.name().substring(0, node.name().length() - PRODUCT.length());
        factors.put(path.substring(path.indexOf('/') + 1).replace('/', '.') + WEIGHT, factor);
      }
    }
    shapes = new LinkedHashMap<>(initialisers);
    // all of them first: modules that share a factor may share it under the name of one of them
    shapes.keySet().removeAll(factors.values());
    factors.forEach((name, factor) -> {
      long[] shape = initialisers.get(factor);
      if (shape != null) {
        shapes.putIfAbsent(name, new long[] {shape[1], shape[0]});
      }
    });
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(shapes.keySet());
  }

  @Override
  public long[] shape(String name) {
    long[] shape = shapes.get(name);
    if (shape == null) {
      throw file.missing("tensor", name, shapes.keySet());
    }
    return shape.clone();
  }

  @Override
  public float[] require(String name, long... shape) {
    String factor = factors.get(name);
    if (factor == null || shape.length != 2) {
      return file.tensor(name, shape).data();
    }
    int out = (int) shape[0];
    int in = (int) shape[1];
    float[] transposed = file.tensor(factor, in, out).data();
    float[] values = new float[transposed.length];
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        values[o * in + i] = transposed[i * out + o];
      }
    }
    return values;
  }
}
