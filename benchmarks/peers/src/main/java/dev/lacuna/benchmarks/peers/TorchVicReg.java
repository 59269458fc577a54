package dev.lacuna.benchmarks.peers;

import dev.lacuna.benchmarks.VicRegWork;
import java.util.List;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** VICReg in closed form, on the smaller of [d, d] and [n, n], or by autograd as published. */
final class TorchVicReg extends TorchContender {
  private final VicRegWork work;
  private final boolean usual;
  private final AutoGradMode mode;
  private final Tensor x;
  private final Tensor y;
  private final double n;
  private final double d;

  TorchVicReg(VicRegWork work, String form) {
    this.work = work;
    usual = form.endsWith("*");
    n = work.n;
    d = work.d;
    x = tensor(work.x, work.n, work.d);
    y = tensor(work.y, work.n, work.d);
    if (usual) {
      x.requires_grad_(true);
      y.requires_grad_(true);
    }
    mode = new AutoGradMode(usual);
  }

  @Override
  List<Tensor> work() {
    return usual ? autograd() : closedForm();
  }

  private record View(Tensor loss, Tensor gradient) {}

  private List<Tensor> closedForm() {
    Tensor difference = x.sub(y);
    Tensor loss = difference.square().mean().mul_(scalar(VicRegWork.LAMBDA));
    View viewX = view(x);
    View viewY = view(y);
    Scalar pull = scalar(2 * VicRegWork.LAMBDA / (n * d));
    return List.of(
        loss.add_(viewX.loss).add_(viewY.loss),
        viewX.gradient.add_(difference, pull),
        viewY.gradient.sub_(difference, pull));
  }

  private View view(Tensor z) {
    Tensor centred = z.sub(z.mean(0));
    Tensor variance = sum(centred.square(), 0, false).div_(scalar(n - 1));
    Tensor deviation = variance.add(scalar(VicRegWork.EPSILON)).sqrt_();
    Tensor hinge = torch.relu(deviation.neg().add_(scalar(1))).mean().mul_(scalar(VicRegWork.MU));
    Tensor below = deviation.lt(scalar(1)).to(torch.ScalarType.Float);
    Tensor push = below.div_(deviation).mul_(scalar(-VicRegWork.MU / (d * (n - 1))));
    double factor = 4 * VicRegWork.NU / (d * (n - 1));
    if (work.n < work.d) {
      Tensor gram = torch.mm(centred, centred.t());
      Tensor covariance =
          gram.square().sum().div_(scalar((n - 1) * (n - 1))).sub_(variance.square().sum());
      push.sub_(variance, scalar(factor));
      Tensor gradient =
          centred.mul(push).addmm_(gram, centred, scalar(1), scalar(factor / (n - 1)));
      return new View(hinge.add_(covariance, scalar(VicRegWork.NU / d)), gradient);
    }
    Tensor covariance = torch.mm(centred.t(), centred).div_(scalar(n - 1));
    covariance.fill_diagonal_(scalar(0));
    Tensor gradient = centred.mul(push).addmm_(centred, covariance, scalar(1), scalar(factor));
    return new View(hinge.add_(covariance.square().sum(), scalar(VicRegWork.NU / d)), gradient);
  }

  private List<Tensor> autograd() {
    Tensor loss =
        x.sub(y).square().mean().mul(scalar(VicRegWork.LAMBDA)).add(published(x)).add(published(y));
    var found = torch.grad(new TensorVector(loss), new TensorVector(x, y));
    return List.of(loss, found.get(0), found.get(1));
  }

  /** Off-diagonal elements by views, as the official code takes them. */
  private Tensor published(Tensor z) {
    Tensor deviation = z.var(new long[] {0}, true, false).add(scalar(VicRegWork.EPSILON)).sqrt();
    Tensor hinge = torch.relu(deviation.neg().add(scalar(1))).mean();
    Tensor centred = z.sub(z.mean(0));
    Tensor covariance = torch.mm(centred.t(), centred).div(scalar(n - 1));
    long width = work.d;
    Tensor offDiagonal =
        covariance
            .flatten()
            .narrow(0, 0, width * width - 1)
            .view(width - 1, width + 1)
            .narrow(1, 1, width);
    return hinge
        .mul(scalar(VicRegWork.MU))
        .add(offDiagonal.square().sum(), scalar(VicRegWork.NU / d));
  }

  @Override
  public void close() {
    mode.close();
  }
}
