package dev.lacuna.ops;

import dev.lacuna.autograd.Differentiable;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.EntropyBwd;
import dev.lacuna.spi.OpLayouts.EntropyFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxFwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentFwd;

/** Softmax over the last dimension, its cross-entropy and its entropy. */
public final class SoftmaxOp {
  private static final Differentiable PROBABILITIES =
      node -> {
        long c = node.cols(0);
        OpCall call = node.call(SoftmaxBwd.OP).set(SoftmaxBwd.N, node.rows(0)).set(SoftmaxBwd.C, c);
        call.set(SoftmaxBwd.LD_PROB, c).set(SoftmaxBwd.LD_DPROB, c).set(SoftmaxBwd.LD_DX, c);
        node.bindOutput(call, SoftmaxBwd.PROB, 0);
        node.bindOutputGradient(call, SoftmaxBwd.DPROB, 0);
        node.bindInputGradient(call, SoftmaxBwd.DX, SoftmaxBwd.ACC_DX, 0);
        node.run(call);
      };

  private static final Differentiable CROSS_ENTROPY =
      node -> {
        long c = node.cols(0);
        OpCall call =
            node.call(SoftmaxXentBwd.OP)
                .set(SoftmaxXentBwd.N, node.rows(0))
                .set(SoftmaxXentBwd.C, c);
        call.set(SoftmaxXentBwd.LD_PROB, c).set(SoftmaxXentBwd.LD_DLOGITS, c);
        node.bindOutput(call, SoftmaxXentBwd.PROB, 1);
        node.bindInput(call, SoftmaxXentBwd.LABEL, 1);
        node.bindOutputGradient(call, SoftmaxXentBwd.DLOSS, 0);
        node.bindInputGradient(call, SoftmaxXentBwd.DLOGITS, SoftmaxXentBwd.ACC_DLOGITS, 0);
        node.run(call);
      };

  private static final Differentiable ENTROPY =
      node -> {
        long c = node.cols(0);
        OpCall call = node.call(EntropyBwd.OP).set(EntropyBwd.N, node.rows(0)).set(EntropyBwd.C, c);
        call.set(EntropyBwd.LD_LOGITS, c).set(EntropyBwd.LD_DLOGITS, c);
        node.bindInput(call, EntropyBwd.LOGITS, 0);
        node.bindOutput(call, EntropyBwd.E, 0);
        node.bindOutputGradient(call, EntropyBwd.DE, 0);
        node.bindInputGradient(call, EntropyBwd.DLOGITS, EntropyBwd.ACC_DLOGITS, 0);
        node.run(call);
      };

  private SoftmaxOp() {}

  /**
   * exp(x) over its sum along the last dimension, as torch.nn.functional.softmax(x, -1).
   *
   * @param x any shape [..., c]
   * @return x's shape
   */
  public static Tensor softmax(Tensor x) {
    long c = x.cols();
    Tape tape = x.tape();
    Tensor prob = tape.outputLike(x);
    OpCall call = tape.call(SoftmaxFwd.OP).set(SoftmaxFwd.N, x.rows()).set(SoftmaxFwd.C, c);
    call.set(SoftmaxFwd.LD_X, c).set(SoftmaxFwd.LD_PROB, c);
    tape.bind(call, SoftmaxFwd.X, x);
    tape.bind(call, SoftmaxFwd.PROB, prob);
    tape.context().run(call);
    tape.record(PROBABILITIES).input(x).output(prob).end();
    return prob;
  }

  /**
   * Mean over rows of -log softmax(logits)[label], as torch.nn.functional.cross_entropy.
   *
   * @param logits [n, c], n at least 1
   * @param labels n integers in [0, c)
   * @return a scalar [1, 1]
   */
  public static Tensor crossEntropy(Tensor logits, Tensor labels) {
    long n = logits.rows();
    long c = logits.cols();
    if (labels.count() != n) {
      throw Shapes.wrong("cross_entropy", "labels", labels, "[" + n + "]");
    }
    Tape tape = logits.tape();
    Tensor loss = tape.output(1, 1);
    Tensor prob = tape.output(n, c);
    OpCall call = tape.call(SoftmaxXentFwd.OP).set(SoftmaxXentFwd.N, n).set(SoftmaxXentFwd.C, c);
    call.set(SoftmaxXentFwd.LD_LOGITS, c).set(SoftmaxXentFwd.LD_PROB, c);
    tape.bind(call, SoftmaxXentFwd.LOGITS, logits);
    tape.bind(call, SoftmaxXentFwd.LABEL, labels);
    tape.bind(call, SoftmaxXentFwd.PROB, prob);
    tape.bind(call, SoftmaxXentFwd.LOSS, loss);
    tape.context().run(call);
    tape.record(CROSS_ENTROPY).input(logits).input(labels).output(loss).output(prob).end();
    return loss;
  }

  /**
   * Entropy in nats of softmax(logits), row by row.
   *
   * @param logits [n, c], c at least 1
   * @return [n, 1], between 0 and log c
   */
  public static Tensor entropy(Tensor logits) {
    long n = logits.rows();
    long c = logits.cols();
    Tape tape = logits.tape();
    Tensor e = tape.output(n, 1);
    OpCall call =
        tape.call(EntropyFwd.OP)
            .set(EntropyFwd.N, n)
            .set(EntropyFwd.C, c)
            .set(EntropyFwd.LD_LOGITS, c);
    tape.bind(call, EntropyFwd.LOGITS, logits);
    tape.bind(call, EntropyFwd.E, e);
    tape.context().run(call);
    tape.record(ENTROPY).input(logits).output(e).end();
    return e;
  }
}
