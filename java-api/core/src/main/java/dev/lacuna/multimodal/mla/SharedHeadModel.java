package dev.lacuna.multimodal.mla;

import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import java.util.List;

/**
 * MLA's model: one encoder a modality, all giving features of one width, and one linear head that
 * all share (Zhang et al., CVPR 2024, section 3.1).
 */
public final class SharedHeadModel {
  /**
   * An encoder and the parameters that it owns.
   *
   * @param name the modality
   * @param parameters its group, apart from every other encoder's
   * @param layer [n, ...] to features [n, width]
   */
  public record Encoder(String name, ParameterGroup parameters, Layer layer) {}

  private final List<Encoder> encoders;
  private final Linear head;

  /** Joins encoders and head; they must lie in one {@link ParameterStore}. */
  public SharedHeadModel(List<Encoder> encoders, Linear head) {
    this.encoders = List.copyOf(encoders);
    this.head = head;
    for (Encoder encoder : this.encoders) {
      if (encoder.parameters().store() != head.weight().store()) {
        throw new IllegalArgumentException(
            "encoder " + encoder.name() + " and the head lie in different parameter stores");
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
    return encoders.get(modality).layer().forward(x);
  }

  /** Logits [n, classes] of inputs of one modality. */
  public Tensor logits(int modality, Tensor x) {
    return head.forward(features(modality, x));
  }
}
