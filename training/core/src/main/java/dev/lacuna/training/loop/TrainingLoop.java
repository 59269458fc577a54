package dev.lacuna.training.loop;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MissingTable;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.progress.Progress;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Epochs over shuffled batches with a falling learning rate; keeps the parameters of the epoch that
 * validates best.
 */
public final class TrainingLoop {
  private static final int SHUFFLE = 0x7A01;
  private static final int VALIDATION_TABLE = 0x7A02;
  private static final int AUGMENT = 0x7A03;

  /** Steps from one look at the loss to the next, for which a GPU must be waited for. */
  private static final int READ_EVERY = 16;

  /**
   * One epoch.
   *
   * @param epoch from 1
   * @param loss mean training loss
   * @param validation mean over the missing patterns, on the validation split, of what {@link
   *     Measure#choosing} says: accuracy, or macro F1 where samples are multi-label
   * @param seconds since the start
   */
  public record Epoch(int epoch, double loss, double validation, double seconds) {}

  /**
   * A finished run; the learner holds the parameters of the best epoch.
   *
   * @param epochs all epochs
   * @param best the chosen one
   */
  public record Run(List<Epoch> epochs, Epoch best) {}

  private final Learner learner;
  private final Tape tape;
  private final MultimodalData data;
  private final Presence presence;
  private final TrainingOptions options;
  private final long seed;
  private final int steps;
  private final int[] mostShift;

  private TrainingLoop(
      Learner learner,
      Tape tape,
      MultimodalData data,
      Presence presence,
      TrainingOptions options,
      long seed) {
    this.learner = learner;
    this.tape = tape;
    this.data = data;
    this.presence = presence;
    this.options = options;
    this.seed = seed;
    steps = Math.ceilDiv(data.train().size(), options.batch());
    mostShift = RandomShift.of(options.shift(), data.modalities());
  }

  /**
   * Trains.
   *
   * @param presence which modality each training sample has
   * @param seed of the order of samples and the shifts
   * @param name of the progress bar
   */
  public static Run run(
      Learner learner,
      Tape tape,
      MultimodalData data,
      Presence presence,
      TrainingOptions options,
      long seed,
      String name,
      Progress progress) {
    return run(learner, tape, data, presence, options, seed, name, progress, null, state -> {});
  }

  /**
   * Trains, or goes on with training that has stopped: the run is the one that an uninterrupted
   * call gives, to the bit, but for the seconds.
   *
   * @param from the state to go on from, into a fresh learner of the same kind; null to begin
   * @param afterEpoch receives the state after every epoch
   * @throws LacunaException where {@code from} is not of this training, saying why
   */
  public static Run run(
      Learner learner,
      Tape tape,
      MultimodalData data,
      Presence presence,
      TrainingOptions options,
      long seed,
      String name,
      Progress progress,
      @Nullable SafeTensors from,
      Consumer<SafeTensors> afterEpoch) {
    return new TrainingLoop(learner, tape, data, presence, options, seed)
        .run(name, progress, from, afterEpoch);
  }

  private Run run(
      String name,
      Progress progress,
      @Nullable SafeTensors from,
      Consumer<SafeTensors> afterEpoch) {
    Checkpoint state = new Checkpoint(learner);
    if (from != null) {
      try {
        state.load(seed, options.epochs(), from);
      } catch (IllegalArgumentException e) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            name + " cannot go on from its checkpoint: " + e.getMessage(),
            e);
      }
    }
    int done = state.epochs().size();
    double before = done == 0 ? 0 : state.epochs().getLast().seconds();
    long start = System.nanoTime();
    try (Losses losses = new Losses(tape.context(), READ_EVERY, data.modalities().size());
        Progress.Task task = progress.start(name, (long) steps * (options.epochs() - done))) {
      for (int e = done + 1; e <= options.epochs(); e++) {
        double loss = train(e, losses, task);
        double validation = validate(learner, tape, data);
        state.add(new Epoch(e, loss, validation, before + (System.nanoTime() - start) / 1e9));
        afterEpoch.accept(state.save(seed));
      }
    }
    state.restoreBest();
    return new Run(state.epochs(), state.best());
  }

  /** The mean loss of an epoch. */
  private double train(int epoch, Losses losses, Progress.Task task) {
    int samples = data.train().size();
    int[] order = new CounterRandom(seed, SHUFFLE, epoch).permutation(samples);
    double sum = 0;
    for (int step = 0; step < steps; step++) {
      int from = step * options.batch();
      int[] chosen =
          Arrays.copyOfRange(order, from, from + Math.min(options.batch(), samples - from));
      CounterRandom random = new CounterRandom(seed, AUGMENT, step + epoch * steps);
      RandomShift shift = new RandomShift(mostShift, random);
      Batch batch = new Batch(data, data.train(), presence, chosen, shift);
      double done = (epoch - 1 + (double) step / steps) / options.epochs();
      double rate = options.learningRate() * 0.5 * (1 + Math.cos(Math.PI * done));
      try {
        learner.learn(tape, batch, rate, step, steps, losses);
        losses.endStep();
        if (losses.unread() == READ_EVERY || step == steps - 1) {
          sum += read(losses, step);
          String loss = String.format(Locale.ROOT, "loss %.4f", sum / (step + 1));
          String status = learner.status();
          task.message(status.isEmpty() ? loss : loss + ", " + status);
        }
      } catch (LacunaException e) {
        if (e.status() != Status.NON_FINITE) {
          throw e;
        }
        throw new LacunaException(
            Status.NON_FINITE,
            "epoch "
                + epoch
                + " diverges: "
                + e.getMessage()
                + "; try a smaller --learning-rate than "
                + options.learningRate(),
            e);
      }
      task.step(1);
    }
    return sum / steps;
  }

  /** The sum of the losses up to a step that were not read before. */
  private static double read(Losses losses, int step) {
    int first = step + 1 - losses.unread();
    double[] means = losses.read();
    double sum = 0;
    for (int i = 0; i < means.length; i++) {
      if (!Double.isFinite(means[i])) {
        throw new LacunaException(
            Status.NON_FINITE, "the loss is " + means[i] + " in step " + (first + i));
      }
      sum += means[i];
    }
    return sum;
  }

  /** Mean over all missing patterns: what an epoch is chosen by. */
  private static double validate(Learner learner, Tape tape, MultimodalData data) {
    Outputs outputs = learner.outputs(tape, data, data.validation());
    CounterRandom random = new CounterRandom(0, VALIDATION_TABLE, 0);
    List<String> names = data.modalityNames();
    List<String> patterns = MissingTable.patterns(names);
    Measure measure = Measure.choosing(data.multiLabel());
    double sum = 0;
    for (String pattern : patterns) {
      Presence presence =
          MissingTable.pattern(pattern, names, data.validation().presence(), random);
      sum += outputs.measure(measure, presence);
    }
    return sum / patterns.size();
  }
}
