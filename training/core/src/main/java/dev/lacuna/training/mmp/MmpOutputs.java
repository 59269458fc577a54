package dev.lacuna.training.mmp;

import dev.lacuna.multimodal.Presence;
import dev.lacuna.multimodal.mmp.LateFusion;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Outputs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every head says of each sample of a split, of its own modality and of what others predict of
 * it. All missing patterns are evaluated from one pass.
 *
 * @param split the samples
 * @param own [modality][sample][class], null where the data lacks the modality
 * @param predicted [from][to][sample][class]: the head of {@code to} on the feature predicted from
 *     {@code from}; null unless missing features are predicted
 * @param standIn [modality][class]: the head on what stands in for a missing feature; null where a
 *     missing modality does not vote, or is predicted
 * @param fusion how the heads' predictions become one
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of data, never compared
record MmpOutputs(
    Split split,
    double[][][] own,
    double[][] @Nullable [][] predicted,
    double @Nullable [][] standIn,
    LateFusion fusion)
    implements Outputs {
  @Override
  public double[][] logits(Presence presence) {
    double[][] fused = new double[presence.samples()][];
    for (int i = 0; i < fused.length; i++) {
      List<double[]> votes = new ArrayList<>();
      for (int m = 0; m < own.length; m++) {
        double[] vote = presence.present(i, m) ? own[m][i] : ofMissing(m, i, presence);
        if (vote != null) {
          votes.add(vote);
        }
      }
      fused[i] = split.multiLabel() ? fusion.fuseMultiLabel(votes) : fusion.fuse(votes);
    }
    return fused;
  }

  private double @Nullable [] ofMissing(int m, int sample, Presence presence) {
    if (predicted == null) {
      return standIn == null ? null : standIn[m];
    }
    // heads are linear: the mean of their logits is their logit of the mean predicted feature
    List<double[]> sources = new ArrayList<>();
    for (int from = 0; from < own.length; from++) {
      if (from != m && presence.present(sample, from)) {
        sources.add(predicted[from][m][sample]);
      }
    }
    return LateFusion.MEAN_LOGITS.fuse(sources);
  }
}
