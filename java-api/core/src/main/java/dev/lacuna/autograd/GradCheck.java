package dev.lacuna.autograd;

import java.util.List;
import java.util.function.Function;

/**
 * Compares gradients with central differences. Meaningful on the {@code reference-f64} back end.
 */
public final class GradCheck {
  private static final double STEP = 1e-5;

  private GradCheck() {}

  /**
   * Largest error of any parameter's gradient, relative to the largest difference quotient of that
   * parameter (at least 1e-8); NaN where anything is not a number. Smooth functions give about
   * 1e-9.
   *
   * @param tape reset before each evaluation
   * @param parameters whose gradients are checked, element by element
   * @param loss the scalar as a function of the tape
   */
  public static double maxError(
      Tape tape, List<Parameter> parameters, Function<Tape, Tensor> loss) {
    tape.reset();
    parameters.forEach(Parameter::zeroGrad);
    loss.apply(tape).backward();
    double worst = 0;
    for (Parameter parameter : parameters) {
      double[] gradient =
          parameter.hasGradient() ? parameter.grad() : new double[parameter.count()];
      double[] value = parameter.get();
      double error = 0;
      double scale = 1e-8;
      for (int i = 0; i < value.length; i++) {
        double quotient =
            (evaluate(tape, parameter, value, i, STEP, loss)
                    - evaluate(tape, parameter, value, i, -STEP, loss))
                / (2 * STEP);
        error = Math.max(error, Math.abs(gradient[i] - quotient));
        scale = Math.max(scale, Math.abs(quotient));
      }
      parameter.set(value);
      // Math.max keeps a NaN on either side, so one bad element is not lost.
      worst = Math.max(worst, error / scale);
    }
    tape.reset();
    return worst;
  }

  private static double evaluate(
      Tape tape,
      Parameter parameter,
      double[] value,
      int i,
      double step,
      Function<Tape, Tensor> loss) {
    double[] moved = value.clone();
    moved[i] += step;
    parameter.set(moved);
    tape.reset();
    double[] result = loss.apply(tape).toDoubleArray();
    return result[0];
  }
}
