package dev.lacuna.multimodal.mla;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * MLA's model: one encoder a modality, all giving features of one width, and one linear head that
 * all share (Zhang et al., CVPR 2024, section 3.1). There may be any number of modalities; encoders
 * of other widths are {@linkplain Encoder#projected projected} to the head's.
 */
public final class SharedHeadModel {
  /**
   * An encoder and the parameters that it owns.
   *
   * @param name the modality
   * @param parameters its group, apart from every other encoder's and the head's
   * @param layer [n, ...] to features [n, width]
   */
  public record Encoder(String name, ParameterGroup parameters, Layer layer) {
    /**
     * This encoder with a linear layer behind it, {@code projection} in the encoder's own group, so
     * that it learns with the encoder. Only before the store's first use.
     *
     * @param from features that the encoder gives
     * @param to features that the head takes
     * @param random draws the layer's weight
     */
    public Encoder projected(int from, int to, CounterRandom random) {
      Linear projection = new Linear(parameters, "projection", from, to, random);
      return new Encoder(name, parameters, Layer.sequence(layer, projection));
    }
  }

  private final List<Encoder> encoders;
  private final Linear head;
  private final long width;

  /**
   * Joins encoders and head; they must lie in one {@link ParameterStore}, each in its own group.
   */
  public SharedHeadModel(List<Encoder> encoders, Linear head) {
    this.encoders = List.copyOf(encoders);
    this.head = head;
    width = head.weight().shape()[1];
    Set<ParameterGroup> groups = new HashSet<>(Set.of(head.weight().group()));
    for (Encoder encoder : this.encoders) {
      if (encoder.parameters().store() != head.weight().store()) {
        throw new IllegalArgumentException(
            "encoder " + encoder.name() + " and the head lie in different parameter stores");
      }
      if (!groups.add(encoder.parameters())) {
        throw new IllegalArgumentException(
            "encoder "
                + encoder.name()
                + " shares the parameter group "
                + encoder.parameters().name()
                + " with the head or another encoder");
      }
    }
  }

  /** The encoders in the order of the modalities. */
  public List<Encoder> encoders() {
    return encoders;
  }

  /** The shared head. */
  public Linear head() {
    return head;
  }

  /** The store of all parameters. */
  public ParameterStore store() {
    return head.weight().store();
  }

  /** Features [n, width] of inputs of one modality. */
  public Tensor features(int modality, Tensor x) {
    Encoder encoder = encoders.get(modality);
    Tensor features = encoder.layer().forward(x);
    if (features.cols() != width) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "encoder "
              + encoder.name()
              + " gives features of width "
              + features.cols()
              + ", want "
              + width
              + " as the head takes; Encoder.projected adds a layer between");
    }
    return features;
  }

  /** Logits [n, classes] of inputs of one modality. */
  public Tensor logits(int modality, Tensor x) {
    return head.forward(features(modality, x));
  }
}
