package dev.lacuna.reference.f64;

import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.AdamwStep;
import dev.lacuna.spi.OpLayouts.AttentionBwd;
import dev.lacuna.spi.OpLayouts.AttentionFwd;
import dev.lacuna.spi.OpLayouts.BceLogitsBwd;
import dev.lacuna.spi.OpLayouts.BceLogitsFwd;
import dev.lacuna.spi.OpLayouts.Conv2dBwd;
import dev.lacuna.spi.OpLayouts.Conv2dFwd;
import dev.lacuna.spi.OpLayouts.Dropout;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import dev.lacuna.spi.OpLayouts.EntropyBwd;
import dev.lacuna.spi.OpLayouts.EntropyFwd;
import dev.lacuna.spi.OpLayouts.GatherRows;
import dev.lacuna.spi.OpLayouts.LayerNormBwd;
import dev.lacuna.spi.OpLayouts.LayerNormFwd;
import dev.lacuna.spi.OpLayouts.LinearBwd;
import dev.lacuna.spi.OpLayouts.LinearFwd;
import dev.lacuna.spi.OpLayouts.LstmBwd;
import dev.lacuna.spi.OpLayouts.LstmFwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dBwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dFwd;
import dev.lacuna.spi.OpLayouts.ReduceBwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import dev.lacuna.spi.OpLayouts.RlsStep;
import dev.lacuna.spi.OpLayouts.ScatterRows;
import dev.lacuna.spi.OpLayouts.SgdStep;
import dev.lacuna.spi.OpLayouts.SoftmaxBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentFwd;
import dev.lacuna.spi.OpLayouts.Vicreg;
import dev.lacuna.spi.OpLayouts.VqEma;
import dev.lacuna.spi.OpLayouts.VqNearest;
import dev.lacuna.spi.OpLayouts.VqQuantizeBwd;
import dev.lacuna.spi.OpLayouts.VqQuantizeFwd;
import dev.lacuna.spi.OpLayouts.VqReset;
import dev.lacuna.spi.OpLayouts.VqStatistics;
import java.util.Map;
import java.util.function.Consumer;

/** Which method computes which op. */
public final class ReferenceOps {
  private static final Map<OpLayout, Consumer<Args>> OPS =
      Map.ofEntries(
          Map.entry(LinearFwd.OP, LinearReference::forward),
          Map.entry(LinearBwd.OP, LinearReference::backward),
          Map.entry(Conv2dFwd.OP, Conv2dReference::forward),
          Map.entry(Conv2dBwd.OP, Conv2dReference::backward),
          Map.entry(MaxPool2dFwd.OP, MaxPool2dReference::forward),
          Map.entry(MaxPool2dBwd.OP, MaxPool2dReference::backward),
          Map.entry(ElementwiseFwd.OP, ElementwiseReference::forward),
          Map.entry(ElementwiseBwd.OP, ElementwiseReference::backward),
          Map.entry(ReduceFwd.OP, ReduceReference::forward),
          Map.entry(ReduceBwd.OP, ReduceReference::backward),
          Map.entry(SoftmaxXentFwd.OP, SoftmaxReference::crossEntropy),
          Map.entry(SoftmaxXentBwd.OP, SoftmaxReference::crossEntropyBackward),
          Map.entry(EntropyFwd.OP, SoftmaxReference::entropy),
          Map.entry(EntropyBwd.OP, SoftmaxReference::entropyBackward),
          Map.entry(GatherRows.OP, RowsReference::gather),
          Map.entry(ScatterRows.OP, RowsReference::scatter),
          Map.entry(SgdStep.OP, SgdReference::step),
          Map.entry(RlsAbsorb.OP, RlsReference::absorb),
          Map.entry(RlsProject.OP, RlsReference::project),
          Map.entry(VqNearest.OP, VqNearestReference::search),
          Map.entry(Vicreg.OP, VicRegReference::lossAndGradients),
          Map.entry(RlsStep.OP, RlsReference::step),
          Map.entry(VqStatistics.OP, VqUpdateReference::statistics),
          Map.entry(VqEma.OP, VqUpdateReference::ema),
          Map.entry(VqReset.OP, VqUpdateReference::reset),
          Map.entry(VqQuantizeFwd.OP, VqQuantizeReference::forward),
          Map.entry(VqQuantizeBwd.OP, VqQuantizeReference::backward),
          Map.entry(AttentionFwd.OP, AttentionReference::forward),
          Map.entry(AttentionBwd.OP, AttentionReference::backward),
          Map.entry(LayerNormFwd.OP, LayerNormReference::forward),
          Map.entry(LayerNormBwd.OP, LayerNormReference::backward),
          Map.entry(BceLogitsFwd.OP, BceLogitsReference::forward),
          Map.entry(BceLogitsBwd.OP, BceLogitsReference::backward),
          Map.entry(AdamwStep.OP, AdamwReference::step),
          Map.entry(SoftmaxFwd.OP, SoftmaxReference::probabilities),
          Map.entry(SoftmaxBwd.OP, SoftmaxReference::probabilitiesBackward),
          Map.entry(Dropout.OP, DropoutReference::dropout),
          Map.entry(LstmFwd.OP, LstmReference::forward),
          Map.entry(LstmBwd.OP, LstmReference::backward));

  private ReferenceOps() {}

  /** Whether an op has a reference. */
  public static boolean has(OpLayout op) {
    return OPS.containsKey(op);
  }

  /** Runs a checked call. */
  public static void run(OpCall call) {
    Consumer<Args> op = OPS.get(call.op());
    if (op == null) {
      throw new IllegalArgumentException(call.op() + " has no reference");
    }
    op.accept(new Args(call));
  }
}
