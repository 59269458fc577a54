package dev.lacuna.nn;

import dev.lacuna.autograd.Tensor;
import java.util.List;

/** Something with a forward pass. */
@FunctionalInterface
public interface Layer {
  /** The layer's output. */
  Tensor forward(Tensor x);

  /** Layers one after another. */
  static Layer sequence(Layer... layers) {
    List<Layer> order = List.of(layers);
    return x -> {
      Tensor y = x;
      for (Layer layer : order) {
        y = layer.forward(y);
      }
      return y;
    };
  }
}
