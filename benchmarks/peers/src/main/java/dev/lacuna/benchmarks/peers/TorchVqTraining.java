package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.VqSearchWork;
import dev.lacuna.benchmarks.VqTrainingWork;
import java.util.List;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A step of a quantiser: in closed form with {@code index_add}, or one-hot and by autograd. */
final class TorchVqTraining extends TorchContender {
  private static final int BLOCK = 1024;

  private final VqSearchWork search;
  private final boolean usual;
  private final AutoGradMode mode;
  private final Tensor z;
  private final Tensor dq;
  private final Tensor ones;
  private final Tensor index;
  private final Tensor start;
  private final Tensor codebook;
  private final Tensor c;
  private final Tensor w;

  TorchVqTraining(VqTrainingWork work, String form) {
    search = work.search;
    usual = form.endsWith("*");
    z = tensor(search.z, search.n, search.d);
    dq = tensor(work.dq, search.n, search.d);
    ones = torch.ones(search.n);
    index = torch.zeros(search.n).to(torch.ScalarType.Long);
    start = tensor(search.codebook, search.k, search.d);
    codebook = start.clone();
    c = torch.ones(search.k);
    w = start.clone();
    if (usual) {
      z.requires_grad_(true);
    }
    mode = new AutoGradMode(usual);
  }

  @Override
  void restart() {
    codebook.copy_(start);
    w.copy_(start);
    c.fill_(scalar(1));
  }

  @Override
  List<Tensor> work() {
    return usual ? oneHot() : closedForm();
  }

  private List<Tensor> closedForm() {
    TorchVqSearch.search(z, codebook, index, BLOCK, 0, 1);
    Tensor difference = z.sub(codebook.index_select(0, index));
    Tensor loss = difference.square().mean().mul_(scalar(VqTrainingWork.BETA));
    Tensor dz = difference.mul_(scalar(perElement())).add_(dq);
    Tensor count = torch.zeros(search.k).index_add_(0, index, ones);
    Tensor sum = torch.zeros(search.k, search.d).index_add_(0, index, z);
    update(count, sum);
    return List.of(loss, dz, codebook);
  }

  private double perElement() {
    return 2 * VqTrainingWork.BETA / ((double) search.n * search.d);
  }

  private List<Tensor> oneHot() {
    Tensor vectors = z.detach();
    Tensor norms = sum(vectors.square(), 1, true).add(codebook.square().sum(1));
    Tensor nearest =
        torch.addmm(norms, vectors, codebook.t(), scalar(1), scalar(-2)).argmin(ROWS, false);
    Tensor choice = torch.zeros(search.n, search.k).scatter_(1, nearest.unsqueeze(1), scalar(1));
    Tensor quantized = torch.mm(choice, codebook);
    Tensor loss = z.sub(quantized).square().mean().mul(scalar(VqTrainingWork.BETA));
    Tensor straightThrough = z.add(quantized.sub(z).detach());
    Tensor dz =
        gradients(List.of(straightThrough, loss), List.of(z), List.of(dq, torch.ones(new long[0])))
            .getFirst();
    update(sum(choice, 0, false), torch.mm(choice.t(), vectors));
    return List.of(loss, dz, codebook);
  }

  private void update(Tensor count, Tensor sum) {
    double decay = VqTrainingWork.DECAY;
    c.mul_(scalar(decay)).add_(count, scalar(1 - decay));
    w.mul_(scalar(decay)).add_(sum, scalar(1 - decay));
    codebook.copy_(w.div(c.unsqueeze(1)));
  }

  @Override
  public void close() {
    mode.close();
  }
}
