package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The losses of a batch, each a scalar [1, 1] and null where it is left out.
 *
 * @param reconstruction sum over modalities of the mean squared error of decoded steps
 * @param commitment sum over modalities of the distance of rows to the codes of all modalities
 * @param mutualInformation sum over modalities of CLUB's estimate
 * @param cpc sum over ordered pairs of modalities, those with themselves at a tenth
 * @param matching sum over pairs of modalities of code matching, half of each
 * @param codebook sum over modalities of the codebook's own loss, where it learns by gradient
 */
public record CmgLosses(
    @Nullable Tensor reconstruction,
    @Nullable Tensor commitment,
    @Nullable Tensor mutualInformation,
    @Nullable Tensor cpc,
    @Nullable Tensor matching,
    @Nullable Tensor codebook) {
  /**
   * Weights; a loss of weight 0 is not computed.
   *
   * @param reconstruction 1
   * @param commitment 1
   * @param beta of the commitment: 2 beta to the own code, beta to those of others together; 0.25
   * @param mutualInformation 1
   * @param cpc 1
   * @param ownCpc of a modality's prediction of itself; 0.1
   * @param matching 1
   */
  public record Weights(
      double reconstruction,
      double commitment,
      double beta,
      double mutualInformation,
      double cpc,
      double ownCpc,
      double matching) {
    /** CMG's. */
    public static final Weights DEFAULT = new Weights(1, 1, 0.25, 1, 1, 0.1, 1);

    /** Checks the ranges. */
    public Weights {
      for (double weight :
          new double[] {
            reconstruction, commitment, beta, mutualInformation, cpc, ownCpc, matching
          }) {
        if (!(weight >= 0) || Double.isInfinite(weight)) {
          throw new IllegalArgumentException("a loss has weight " + weight + ", want >= 0");
        }
      }
    }

    /** Without dual cross-modal information disentangling: neither CLUB nor Cross-CPC. */
    public Weights withoutDisentangling() {
      return new Weights(reconstruction, commitment, beta, 0, 0, ownCpc, matching);
    }

    /** With another weight of Cross-CPC. */
    public Weights withCpc(double weight) {
      return new Weights(
          reconstruction, commitment, beta, mutualInformation, weight, ownCpc, matching);
    }
  }

  /** The weighted sum; the codebook's own loss counts whole. */
  public Tensor total(Weights weights) {
    Sum sum = new Sum();
    sum.add(reconstruction, weights.reconstruction);
    sum.add(commitment, weights.commitment);
    sum.add(mutualInformation, weights.mutualInformation);
    sum.add(cpc, weights.cpc);
    sum.add(matching, weights.matching);
    sum.add(codebook, 1);
    Tensor total = sum.value();
    if (total == null) {
      throw new IllegalArgumentException("all losses have weight 0, want one to learn from");
    }
    return total;
  }

  /** Adds up scalars of which there may be none. */
  static final class Sum {
    private final List<Tensor> terms = new ArrayList<>();

    void add(@Nullable Tensor term, double weight) {
      if (term != null) {
        terms.add(weight == 1 ? term : ElementwiseOp.affine(term, weight, 0));
      }
    }

    @Nullable Tensor value() {
      return terms.stream().reduce(ElementwiseOp::add).orElse(null);
    }
  }

  /** The values by name of those that there are; waits for the device. */
  public List<Named> values() {
    List<Named> values = new ArrayList<>();
    name(values, "reconstruction", reconstruction);
    name(values, "commitment", commitment);
    name(values, "mutual information", mutualInformation);
    name(values, "cross-CPC", cpc);
    name(values, "code matching", matching);
    name(values, "codebook", codebook);
    return values;
  }

  /**
   * A loss.
   *
   * @param name for people
   * @param value of a batch
   */
  public record Named(String name, double value) {}

  private static void name(List<Named> values, String name, @Nullable Tensor loss) {
    if (loss != null) {
      values.add(new Named(name, loss.toDoubleArray()[0]));
    }
  }
}
