package dev.lacuna.training.loop;

import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.Stateful;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.report.Diagnostic;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A model that learns batch by batch. What it saves is its state between two epochs: parameters,
 * optimisers and whatever else it has learned.
 */
public interface Learner extends Stateful, AutoCloseable {
  /**
   * Learns from a batch, without waiting for the device.
   *
   * @param tape is reset and used
   * @param learningRate of this step
   * @param step number of the batch within the epoch
   * @param steps batches of the epoch
   * @param losses receives the losses before the step, one or several
   */
  void learn(Tape tape, Batch batch, double learningRate, int step, int steps, Losses losses);

  /** Runs the model over a split. */
  Outputs outputs(Tape tape, MultimodalData data, Split split);

  /**
   * What else is worth seeing after training, for people. Measuring it changes nothing of the
   * learner.
   *
   * @param tape is reset and used
   */
  default List<Diagnostic> diagnostics(Tape tape, MultimodalData data) {
    return List.of();
  }

  /**
   * Measures the model in ways of its own, beside what every model is measured by: numbers by the
   * name of what they are of, then by their own, which go where other results go. Which names there
   * are depends on the data and the options alone, not on what was learned; none of the first is
   * the name of a missing pattern. Measuring changes nothing of the learner.
   *
   * @param tape is reset and used
   */
  default Map<String, Map<String, Double>> measured(Tape tape, MultimodalData data) {
    return Map.of();
  }

  /**
   * What is worth knowing while it learns, a few words for the progress bar; it may wait for the
   * device. Empty for nothing.
   */
  default String status() {
    return "";
  }

  /**
   * What the learner rests on and has not learned, such as pretrained weights: a checksum by name.
   * A model is of use with the very same alone.
   */
  default Map<String, String> restsOn() {
    return Map.of();
  }

  /** What is worth knowing of the model after training, by name, for people. */
  default Map<String, String> facts() {
    return Map.of();
  }

  /**
   * The first epoch that may be chosen for what it validates, from 1: a later one than the first
   * where some parts begin to learn later.
   */
  default int firstChoice() {
    return 1;
  }

  /**
   * What others can use without this library, to be written beside the model: what writes each
   * file, by its name.
   *
   * @param seed of the training, for the names
   */
  default Map<String, Consumer<Path>> exports(long seed) {
    return Map.of();
  }

  /** Everything that is learned. */
  ParameterStore store();

  /** Frees parameters and state. */
  @Override
  void close();
}
