package dev.lacuna.training.loop;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What each modality alone says of each sample of a split. All missing patterns are evaluated from
 * one pass, since a missing modality only leaves the fusion.
 *
 * @param split the samples
 * @param logits [modality][sample][class], null where the data lacks the modality
 * @param entropy [modality][sample] in nats
 * @param fusion how they become one prediction
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
public record UnimodalOutputs(
    Split split, double[][][] logits, double[][] entropy, FusionRule fusion) implements Outputs {
  /**
   * Rows of every batch; the last is filled up with repetitions. How a matrix product is rounded
   * may hang on its number of rows, and a prediction must not hang on what else is predicted.
   */
  private static final int BATCH = 64;

  /** A model of each modality by itself. */
  @FunctionalInterface
  public interface Model {
    /** Logits [n, classes] of inputs of one modality. */
    Tensor logits(int modality, Tensor x);
  }

  /** How what the modalities say becomes one prediction. */
  @FunctionalInterface
  public interface FusionRule {
    /**
     * Scores [sample][class].
     *
     * @param logits [modality][sample][class]
     * @param entropy [modality][sample] in nats
     * @param presence what of it counts
     */
    double[][] fuse(double[][][] logits, double[][] entropy, Presence presence);

    /** Weights [modality][sample] of a rule that is a weighted mean, null of one that is not. */
    default double @Nullable [][] weights(double[][] entropy, Presence presence) {
      return null;
    }

    /** The weighted mean by a mode of {@link Fusion}. */
    static FusionRule of(Fusion.Mode mode) {
      return new FusionRule() {
        @Override
        public double[][] fuse(double[][][] logits, double[][] entropy, Presence presence) {
          return Fusion.fuse(mode, logits, entropy, presence);
        }

        @Override
        public double[][] weights(double[][] entropy, Presence presence) {
          return Fusion.weights(mode, entropy, presence);
        }
      };
    }

    /** The weighted mean by given shares of the modalities. */
    static FusionRule of(double[] shares) {
      return new FusionRule() {
        @Override
        public double[][] fuse(double[][][] logits, double[][] entropy, Presence presence) {
          return Fusion.fuse(shares, logits, presence);
        }

        @Override
        public double[][] weights(double[][] entropy, Presence presence) {
          return Fusion.weights(shares, presence);
        }
      };
    }
  }

  /** Runs a model over a split. */
  public static UnimodalOutputs of(
      Model model, FusionRule fusion, Tape tape, MultimodalData data, Split split) {
    int modalities = data.modalities().size();
    double[][][] logits = new double[modalities][split.size()][];
    double[][] entropy = new double[modalities][split.size()];
    Presence available = split.presence();
    for (int m = 0; m < modalities; m++) {
      int[] rows = available.rows(m);
      for (int from = 0; from < rows.length; from += BATCH) {
        int first = from;
        int[] samples =
            IntStream.range(0, BATCH)
                .map(i -> rows[Math.min(first + i, rows.length - 1)])
                .toArray();
        predict(
            model,
            tape,
            new Batch(data, split, available, samples, RandomShift.none(split.rowOf().length)),
            m,
            logits[m],
            entropy[m]);
      }
    }
    return new UnimodalOutputs(split, logits, entropy, fusion);
  }

  private static void predict(
      Model model, Tape tape, Batch batch, int modality, double[][] logits, double[] entropy) {
    tape.reset();
    tape.withoutGradients(() -> {
      int[] samples = batch.samples();
      int[] all = IntStream.range(0, samples.length).toArray();
      Tensor scores = model.logits(modality, batch.inputs(tape, modality, all));
      double[] flat = scores.toDoubleArray();
      double[] e = SoftmaxOp.entropy(scores).toDoubleArray();
      int classes = (int) scores.cols();
      for (int i = 0; i < samples.length; i++) {
        if (!Double.isFinite(e[i])) {
          throw new LacunaException(
              Status.NON_FINITE,
              "the prediction of "
                  + batch.data().modalityNames().get(modality)
                  + " for sample "
                  + samples[i]
                  + " is not a number: training has diverged; try a smaller --learning-rate");
        }
        logits[samples[i]] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
        entropy[samples[i]] = e[i];
      }
    });
  }

  @Override
  public double[][] logits(Presence presence) {
    return fusion.fuse(logits, entropy, presence);
  }

  @Override
  public @Nullable Contributions contributions(Presence presence) {
    double[][] weights = fusion.weights(entropy, presence);
    return weights == null ? null : new Contributions(entropy, weights);
  }
}
