package dev.lacuna.training.loop;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.training.loop.TrainingLoop.Epoch;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Where a training loop stands after an epoch: the learner's state, the epochs so far and the
 * parameters of the best of them. Whatever is random is drawn by seed, epoch and step, so that a
 * loop which goes on from here repeats to the bit what it would have done.
 */
final class Checkpoint {
  private static final String SEED = "seed";
  private static final String EPOCHS = "epochs";
  private static final String LEARNER = "learner.";
  private static final String BEST = "best.";
  private static final int COLUMNS = 3;

  private final Learner learner;
  private final List<Epoch> epochs = new ArrayList<>();
  private @Nullable Epoch best;
  private List<double[]> bestParameters = List.of();

  /** Before the first epoch. */
  Checkpoint(Learner learner) {
    this.learner = learner;
  }

  /** All epochs so far. */
  List<Epoch> epochs() {
    return epochs;
  }

  /** The first of those that validate best, among those that may be chosen. */
  Epoch best() {
    return Objects.requireNonNull(best);
  }

  /** Adds the epoch that the learner has just finished. */
  void add(Epoch epoch) {
    if (count(epoch)) {
      bestParameters = learner.store().parameters().stream().map(Parameter::get).toList();
    }
  }

  /** Whether an epoch is the best so far. */
  private boolean count(Epoch epoch) {
    epochs.add(epoch);
    boolean better =
        best == null
            || best.epoch() < learner.firstChoice()
            || epoch.validation() > best.validation();
    if (better) {
      best = epoch;
    }
    return better;
  }

  /** Gives the learner the parameters of the best epoch. */
  void restoreBest() {
    List<Parameter> parameters = learner.store().parameters();
    for (int i = 0; i < parameters.size(); i++) {
      parameters.get(i).set(bestParameters.get(i));
    }
  }

  /** All of it. */
  SafeTensors save(long seed) {
    SafeTensors file = new SafeTensors();
    file.metadata().put(SEED, Long.toString(seed));
    file.metadata().put("epoch", Integer.toString(epochs.size()));
    double[] table =
        epochs.stream()
            .flatMapToDouble(e -> DoubleStream.of(e.loss(), e.validation(), e.seconds()))
            .toArray();
    file.tensors().put(EPOCHS, new SafeTensors.Entry(new long[] {epochs.size(), COLUMNS}, table));
    learner.save(LEARNER, file);
    List<Parameter> parameters = learner.store().parameters();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      file.tensors()
          .put(
              BEST + parameter.name(),
              new SafeTensors.Entry(parameter.shape(), bestParameters.get(i)));
    }
    return file;
  }

  /**
   * Takes the learner and this back to where {@link #save} was called.
   *
   * @param most epochs that there may be
   * @throws IllegalArgumentException saying what does not fit
   */
  void load(long seed, int most, SafeTensors file) {
    String saved = file.metadata().getOrDefault(SEED, "none");
    if (!saved.equals(Long.toString(seed))) {
      throw new IllegalArgumentException("its seed is " + saved + ", want " + seed);
    }
    SafeTensors.Entry entry = file.tensors().get(EPOCHS);
    int count = entry == null ? 0 : entry.doubles().length / COLUMNS;
    if (count < 1 || count > most) {
      throw new IllegalArgumentException("it has " + count + " epochs, want 1 to " + most);
    }
    double[] table = file.entry(EPOCHS, count, COLUMNS).doubles();
    learner.load(LEARNER, file);
    bestParameters =
        learner.store().parameters().stream()
            .map(p -> file.entry(BEST + p.name(), p.shape()).doubles())
            .toList();
    for (int i = 0; i < count; i++) {
      int at = i * COLUMNS;
      count(new Epoch(i + 1, table[at], table[at + 1], table[at + 2]));
    }
  }
}
