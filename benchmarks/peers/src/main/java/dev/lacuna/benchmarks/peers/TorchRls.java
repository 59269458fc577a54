package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.RlsWork;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * RLS on P itself: the update by addr, as a product of inner size 1, or by a whole outer product.
 */
final class TorchRls extends TorchContender {
  private final RlsWork work;
  private final String form;
  private final AutoGradMode mode = new AutoGradMode(false);
  private final List<Tensor> vectors = new ArrayList<>();
  private final Tensor p;
  private final Tensor gradient;
  private final Tensor e;
  private final Tensor h;
  private final Tensor hp;
  private final Tensor out;
  private int turn;

  TorchRls(RlsWork work, String form) {
    this.work = work;
    this.form = form;
    for (int i = 0; i < RlsWork.VECTORS; i++) {
      vectors.add(tensor(work.vector(i), work.s));
    }
    p = torch.eye(work.s);
    gradient = tensor(work.gradient, work.batch == 0 ? work.c : 0, work.s);
    e = tensor(work.e, work.batch, work.c);
    h = tensor(work.h, work.batch, work.s);
    hp = torch.zeros(work.batch, work.s);
    out = torch.zeros(work.c, work.s);
  }

  @Override
  void restart() {
    p.zero_().fill_diagonal_(scalar(1));
    turn = 0;
  }

  @Override
  int runsToResult() {
    return RlsWork.ABSORBED;
  }

  @Override
  List<Tensor> work() {
    Tensor r = vectors.get(turn++ % RlsWork.VECTORS);
    Tensor k = p.mv(r);
    if (form.endsWith("*")) {
      p.sub_(k.outer(k).div_(r.dot(k).add(scalar(RlsWork.ALPHA))));
    } else {
      double gain = -1 / (RlsWork.ALPHA + r.dot(k).item_double());
      if (form.endsWith("addmm")) {
        p.addmm_(k.unsqueeze(1), k.unsqueeze(0), scalar(1), scalar(gain));
      } else {
        p.addr_(k, k, scalar(1), scalar(gain));
      }
    }
    return List.of(project());
  }

  private Tensor project() {
    if (work.batch == 0) {
      return torch.mm_out(out, gradient, p);
    }
    if (form.endsWith("*")) {
      return torch.mm_out(out, torch.mm(e.t(), h).div_(scalar(work.batch)), p);
    }
    torch.mm_out(hp, h, p).div_(scalar(work.batch));
    return torch.mm_out(out, e.t(), hp);
  }

  @Override
  public void close() {
    mode.close();
  }
}
