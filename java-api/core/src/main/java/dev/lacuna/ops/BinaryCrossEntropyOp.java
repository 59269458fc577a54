package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.BceLogitsBwd;
import dev.lacuna.spi.OpLayouts.BceLogitsFwd;
import java.util.Arrays;

/** Binary cross-entropy of logits, for labels that do not exclude each other. */
public final class BinaryCrossEntropyOp {
  private static final Differentiable BCE_WITH_LOGITS =
      node -> {
        if (!node.wants(0)) {
          return; // only the targets want one, which get none
        }
        long c = node.cols(0);
        OpCall call =
            node.call(BceLogitsBwd.OP).set(BceLogitsBwd.N, node.rows(0)).set(BceLogitsBwd.C, c);
        call.set(BceLogitsBwd.LD_LOGITS, c).set(BceLogitsBwd.LD_TARGET, c);
        call.set(BceLogitsBwd.LD_DLOGITS, c);
        node.bindInput(call, BceLogitsBwd.LOGITS, 0);
        node.bindInput(call, BceLogitsBwd.TARGET, 1);
        node.bindOutputGradient(call, BceLogitsBwd.DLOSS, 0);
        node.bindInputGradient(call, BceLogitsBwd.DLOGITS, BceLogitsBwd.ACC_DLOGITS, 0);
        node.run(call);
      };

  private BinaryCrossEntropyOp() {}

  /**
   * Mean over all n c elements of -(t log p + (1 - t) log(1 - p)) with p = sigmoid(z), as
   * torch.nn.BCEWithLogitsLoss. Targets get no gradient.
   *
   * @param logits z, [n, c], n and c at least 1
   * @param targets t, of the same shape, in [0, 1]
   * @return a scalar [1, 1]
   */
  public static Tensor bceWithLogits(Tensor logits, Tensor targets) {
    if (!Arrays.equals(targets.shape(), logits.shape())) {
      throw Shapes.wrong("bce_with_logits", "targets", targets, Arrays.toString(logits.shape()));
    }
    long n = logits.rows();
    long c = logits.cols();
    Tape tape = logits.tape();
    Tensor loss = tape.output(1, 1);
    OpCall call = tape.call(BceLogitsFwd.OP).set(BceLogitsFwd.N, n).set(BceLogitsFwd.C, c);
    call.set(BceLogitsFwd.LD_LOGITS, c).set(BceLogitsFwd.LD_TARGET, c);
    tape.bind(call, BceLogitsFwd.LOGITS, logits);
    tape.bind(call, BceLogitsFwd.TARGET, targets);
    tape.bind(call, BceLogitsFwd.LOSS, loss);
    tape.context().run(call);
    tape.record(BCE_WITH_LOGITS).input(logits).input(targets).output(loss).end();
    return loss;
  }
}
