package dev.lacuna.training.loop;

import dev.lacuna.optim.Sgd;

/**
 * How to train, whatever the system.
 *
 * @param epochs passes over the training samples
 * @param batch samples a step
 * @param learningRate of the encoders at the start; it falls to 0 along a cosine
 * @param momentum of SGD
 * @param weightDecay of all parameters
 * @param decay whether it acts beside the step or through the gradient
 * @param shift random shifts of training inputs, such as image=1, none or {@link RandomShift#AUTO}
 */
public record TrainingOptions(
    int epochs,
    int batch,
    double learningRate,
    double momentum,
    double weightDecay,
    Sgd.Decay decay,
    String shift) {
  /** What a user gets who gives none. */
  public static final TrainingOptions DEFAULT =
      new TrainingOptions(15, 64, 0.02, 0.9, 1e-4, Sgd.Decay.DECOUPLED, RandomShift.AUTO);

  /** Checks the ranges. */
  public TrainingOptions {
    Ranges.require(epochs >= 1, "epochs", epochs, ">= 1");
    Ranges.require(batch >= 1, "batch", batch, ">= 1");
    Ranges.requirePositive("learning rate", learningRate);
    Ranges.require(momentum >= 0 && momentum < 1, "momentum", momentum, "0 <= momentum < 1");
    Ranges.require(
        weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY,
        "weight decay",
        weightDecay,
        "a number >= 0");
  }

  /** The same with another number of passes. */
  public TrainingOptions withEpochs(int passes) {
    return new TrainingOptions(passes, batch, learningRate, momentum, weightDecay, decay, shift);
  }

  /** The same with another learning rate. */
  public TrainingOptions withLearningRate(double rate) {
    return new TrainingOptions(epochs, batch, rate, momentum, weightDecay, decay, shift);
  }

  /** The same with another weight decay. */
  public TrainingOptions withWeightDecay(double value) {
    return new TrainingOptions(epochs, batch, learningRate, momentum, value, decay, shift);
  }

  /** The optimiser's settings. */
  public Sgd.Options sgd() {
    return new Sgd.Options(momentum, weightDecay, decay, Sgd.Momentum.CLASSIC);
  }
}
