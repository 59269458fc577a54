package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.AttentionWork;
import dev.lacuna.benchmarks.AttentionWork.Pass;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** {@code scaled_dot_product_attention}: once a stream, over all rows, or with a dense mask. */
final class TorchAttention extends TorchContender {
  private final AttentionWork work;
  private final String form;
  private final AutoGradMode mode;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;
  private final Tensor promptQ;
  private final Tensor dout;
  private final Tensor promptDout;
  private final Tensor allQ;
  private final Tensor allK;
  private final Tensor allV;
  private final Tensor allDout;
  private final TensorOptional mask;

  TorchAttention(AttentionWork work, String form) {
    this.work = work;
    this.form = form;
    boolean backward = work.pass != Pass.FORWARD && !form.equals("closed form");
    q = tensor(work.q, work.b, work.h, work.n, work.d);
    k = tensor(work.k, work.b, work.h, work.n, work.d);
    v = tensor(work.v, work.b, work.h, work.n, work.d);
    promptQ = tensor(work.promptQ, work.b, work.h, work.p, work.d);
    dout = tensor(work.dout, work.b, work.h, work.n, work.d);
    promptDout = tensor(work.promptDout, work.b, work.h, work.p, work.d);
    allQ = joined(q, promptQ);
    // keys and values of prompts, which the mask hides
    allK = joined(k, promptQ);
    allV = joined(v, promptQ);
    allDout = joined(dout, promptDout);
    Tensor hidden = torch.zeros(work.n + work.p, work.n + work.p);
    hidden.narrow(1, work.n, work.p).fill_(scalar(Double.NEGATIVE_INFINITY));
    mask = new TensorOptional(hidden);
    if (backward) {
      promptQ.requires_grad_(true);
      if (work.pass == Pass.FORWARD_BACKWARD) {
        List.of(q, k, v, allQ, allK, allV).forEach(leaf -> leaf.requires_grad_(true));
      }
    }
    mode = new AutoGradMode(backward);
  }

  private static Tensor joined(Tensor inputs, Tensor prompts) {
    return torch.cat(new TensorVector(inputs, prompts), 2);
  }

  @Override
  List<Tensor> work() {
    return switch (form) {
      case "one call" -> split(torch.scaled_dot_product_attention(allQ, k, v));
      case "dense mask*" -> dense();
      case "closed form" -> closedForm();
      default -> work.pass == Pass.PROMPTS ? prompts() : twoCalls();
    };
  }

  private List<Tensor> split(Tensor rows) {
    return List.of(rows.narrow(2, 0, work.n), rows.narrow(2, work.n, work.p));
  }

  private List<Tensor> twoCalls() {
    Tensor out = torch.scaled_dot_product_attention(q, k, v);
    // prompts give nothing to dk and dv
    Tensor promptOut = torch.scaled_dot_product_attention(promptQ, k.detach(), v.detach());
    List<Tensor> results = new ArrayList<>(List.of(out, promptOut));
    if (work.pass == Pass.FORWARD_BACKWARD) {
      results.addAll(
          gradients(List.of(out, promptOut), List.of(q, k, v, promptQ), List.of(dout, promptDout)));
    }
    return results;
  }

  /** Prompts do give to dk and dv here: that is how it is written. */
  private List<Tensor> dense() {
    Tensor out =
        torch.scaled_dot_product_attention(
            allQ, allK, allV, mask, 0, false, new DoubleOptional(), false);
    List<Tensor> results = new ArrayList<>(split(out));
    if (work.pass == Pass.FORWARD_BACKWARD) {
      List<Tensor> found = gradients(List.of(out), List.of(allQ, allK, allV), List.of(allDout));
      results.add(found.get(0).narrow(2, 0, work.n));
      results.add(found.get(1).narrow(2, 0, work.n));
      results.add(found.get(2).narrow(2, 0, work.n));
      results.add(found.get(0).narrow(2, work.n, work.p));
    }
    return results;
  }

  private List<Tensor> prompts() {
    Tensor out = torch.scaled_dot_product_attention(promptQ, k, v);
    return List.of(out, gradients(List.of(out), List.of(promptQ), List.of(promptDout)).getFirst());
  }

  /** dS = P (dO V^T - delta), dQ = scale dS K, without a tape. */
  private List<Tensor> closedForm() {
    Tensor weights =
        torch.softmax(torch.matmul(promptQ, k.transpose(2, 3)).mul_(scalar(work.scale())), 3);
    Tensor out = torch.matmul(weights, v);
    Tensor ds = torch.matmul(promptDout, v.transpose(2, 3));
    ds.sub_(sum(promptDout.mul(out), 3, true)).mul_(weights);
    return List.of(out, torch.matmul(ds, k).mul_(scalar(work.scale())));
  }

  @Override
  public void close() {
    mode.close();
  }
}
