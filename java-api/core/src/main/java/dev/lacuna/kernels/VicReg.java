package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.DType;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.Vicreg;
import java.lang.foreign.MemorySegment;
import java.nio.FloatBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The loss of VICReg (Bardes, Ponce, LeCun, ICLR 2022) and its gradients in one call. For x and y
 * [n, d], zc being z minus its column means:
 *
 * <pre>
 * s   = mean (x - y)^2
 * v   = mean over columns of max(0, gamma - sqrt(var + epsilon)), var = sum of zc^2 / (n - 1)
 * c   = sum over i != j of cov[i, j]^2 / d,                       cov = zc^T zc / (n - 1)
 * loss = lambda s + mu h (v(x) + v(y)) + nu (c(x) + c(y))</pre>
 *
 * <p>Where n is less than d, the [d, d] covariance matrix is never formed: time and memory follow
 * n^2 instead.
 *
 * <p>Arrays on the heap are copied into the context's memory and back; segments outside the heap
 * and direct buffers are used in place on the CPU. NaN or infinity in x or y makes the loss NaN.
 * Wrong arguments are a {@link dev.lacuna.LacunaException} and leave all arrays as they were.
 */
public final class VicReg {
  /**
   * What the two variance terms are multiplied by: the paper's formula and the official code
   * disagree. The official code's weights 25, 25, 1 are 25, 12.5, 1 in the paper's formula.
   */
  public enum Halving {
    /** h = 1, the paper's formula. */
    NONE(0),
    /** h = 1/2, the official code. */
    HALVED(1);

    private final int code;

    Halving(int code) {
      this.code = code;
    }
  }

  /** How the covariance term is computed; the result is the same but for rounding. */
  public enum Form {
    /** {@link #GRAM} where n is less than d, else {@link #COVARIANCE}. */
    AUTO(0),
    /** From zc^T zc [d, d]. */
    COVARIANCE(1),
    /** From zc zc^T [n, n]. */
    GRAM(2);

    private final int code;

    Form(int code) {
      this.code = code;
    }
  }

  /** What y contributes to the loss. */
  public enum Target {
    /** All terms. */
    FULL(0),
    /** s alone: y is a constant, whose own variance and covariance nobody can change. */
    INVARIANCE_ONLY(1);

    private final int code;

    Target(int code) {
      this.code = code;
    }
  }

  /**
   * The loss's parameters.
   *
   * @param lambda weight of the invariance s
   * @param mu weight of the variances v
   * @param nu weight of the covariances c
   * @param gamma standard deviation below which v pushes
   * @param epsilon added to a variance before its root is taken, greater than 0
   * @param halving whether the variances are halved
   * @param form how the covariance term is computed
   * @param target what y contributes
   */
  public record Options(
      double lambda,
      double mu,
      double nu,
      double gamma,
      double epsilon,
      Halving halving,
      Form form,
      Target target) {
    /** The paper's: 25, 25, 1, gamma 1, epsilon 1e-4, in its own formula. */
    public static final Options DEFAULT =
        new Options(25, 25, 1, 1, 1e-4, Halving.NONE, Form.AUTO, Target.FULL);

    /** Refuses null, and numbers that are not finite. */
    public Options {
      requireFinite("lambda", lambda);
      requireFinite("mu", mu);
      requireFinite("nu", nu);
      requireFinite("gamma", gamma);
      requireFinite("epsilon", epsilon);
      Objects.requireNonNull(halving, "halving");
      Objects.requireNonNull(form, "form");
      Objects.requireNonNull(target, "target");
    }

    private static void requireFinite(String name, double value) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(name + " is " + value + ", want a finite number");
      }
    }

    /** These options with other weights of invariance, variance and covariance. */
    public Options withWeights(double newLambda, double newMu, double newNu) {
      return new Options(newLambda, newMu, newNu, gamma, epsilon, halving, form, target);
    }

    /** These options with another gamma and epsilon. */
    public Options withHinge(double newGamma, double newEpsilon) {
      return new Options(lambda, mu, nu, newGamma, newEpsilon, halving, form, target);
    }

    /** These options with the variances halved or not. */
    public Options withHalving(Halving newHalving) {
      return new Options(lambda, mu, nu, gamma, epsilon, newHalving, form, target);
    }

    /** These options with the covariance term computed in a certain form. */
    public Options withForm(Form newForm) {
      return new Options(lambda, mu, nu, gamma, epsilon, halving, newForm, target);
    }

    /** These options with another contribution of y. */
    public Options withTarget(Target newTarget) {
      return new Options(lambda, mu, nu, gamma, epsilon, halving, form, newTarget);
    }
  }

  /**
   * The loss and its terms.
   *
   * @param value lambda s + mu h (v(x) + v(y)) + nu (c(x) + c(y))
   * @param invariance s
   * @param varianceX v(x)
   * @param varianceY v(y), 0 with {@link Target#INVARIANCE_ONLY}
   * @param covarianceX c(x); exactly 0 is a sign of collapse
   * @param covarianceY c(y), 0 with {@link Target#INVARIANCE_ONLY}
   */
  public record Loss(
      double value,
      double invariance,
      double varianceX,
      double varianceY,
      double covarianceX,
      double covarianceY) {}

  private VicReg() {}

  /**
   * The loss, and its gradients where they are wanted.
   *
   * @param x [n, d], row-major
   * @param y [n, d], row-major
   * @param n rows, at least 2
   * @param d columns, at least 1
   * @param dx receives the gradient of x [n, d], or null
   * @param dy receives the gradient of y [n, d], or null
   */
  public static Loss lossAndGrad(
      Context context,
      float[] x,
      float[] y,
      int n,
      int d,
      Options options,
      float @Nullable [] dx,
      float @Nullable [] dy) {
    return lossAndGrad(
        context,
        Borrowings.segment("x", x),
        Borrowings.segment("y", y),
        n,
        d,
        options,
        dx == null ? null : Borrowings.segment("dx", dx),
        dy == null ? null : Borrowings.segment("dy", dy));
  }

  /** As for arrays, on the remaining numbers of buffers. */
  public static Loss lossAndGrad(
      Context context,
      FloatBuffer x,
      FloatBuffer y,
      int n,
      int d,
      Options options,
      @Nullable FloatBuffer dx,
      @Nullable FloatBuffer dy) {
    return lossAndGrad(
        context,
        Borrowings.segment("x", x),
        Borrowings.segment("y", y),
        n,
        d,
        options,
        dx == null ? null : Borrowings.segment("dx", dx),
        dy == null ? null : Borrowings.segment("dy", dy));
  }

  /** As for arrays, on segments of floats. */
  public static Loss lossAndGrad(
      Context context,
      MemorySegment x,
      MemorySegment y,
      long n,
      long d,
      Options options,
      @Nullable MemorySegment dx,
      @Nullable MemorySegment dy) {
    int bytes = context.real().bytes();
    try (Borrowings borrowed = new Borrowings(context)) {
      OpCall call = call(context, n, d, options);
      call.tensor(Vicreg.X, borrowed.read("x", x, DType.F32, n, d), 0);
      call.tensor(Vicreg.Y, borrowed.read("y", y, DType.F32, n, d), 0);
      call.tensor(Vicreg.DX, borrowed.writeOptional("dx", dx, DType.F32, n, d), 0);
      call.tensor(Vicreg.DY, borrowed.writeOptional("dy", dy, DType.F32, n, d), 0);
      Memory results = borrowed.temporary(6L * bytes);
      call.tensor(Vicreg.LOSS, results, 0).tensor(Vicreg.TERMS, results, bytes);
      context.run(call);
      borrowed.commit();
      double[] numbers = context.read(results, 0, 6);
      return new Loss(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
    }
  }

  /** A call of the op with all but its tensors set, for those that lie in the back end's memory. */
  public static OpCall call(Context context, long n, long d, Options options) {
    OpCall call = context.call(Vicreg.OP).set(Vicreg.N, n).set(Vicreg.D, d);
    call.set(Vicreg.LD_X, d).set(Vicreg.LD_Y, d).set(Vicreg.LD_DX, d).set(Vicreg.LD_DY, d);
    call.set(Vicreg.LAMBDA, options.lambda).set(Vicreg.MU, options.mu).set(Vicreg.NU, options.nu);
    call.set(Vicreg.GAMMA, options.gamma).set(Vicreg.EPSILON, options.epsilon);
    call.set(Vicreg.HALVING, options.halving.code).set(Vicreg.FORM, options.form.code);
    return call.set(Vicreg.TARGET, options.target.code);
  }
}
