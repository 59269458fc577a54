package dev.lacuna.training.compare;

import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.TrainingLoop;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.system.Experiment;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Trial;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Trains what a comparison wants and its folder does not have yet, and compares.
 *
 * <p>At every rate all systems and seeds train under one stored missing table and are tested under
 * another; both are those of {@code train --missing RATE}, there as pattern half_missing for 0.5.
 * The epoch is chosen on validation data. With tuning, trials at the middle rate with seed 0 come
 * first, the same number for each system with the same learning rates, and the one that validates
 * best decides the options of all cells of its system; no trial sees the test split.
 */
public final class ComparisonRun {
  private final Workers workers;
  private final MultimodalData data;
  private final ComparisonConfig config;
  private final List<LearningSystem<?>> systems;
  private final ComparisonFolder folder;
  private final Map<Double, Presence> trainTables = new HashMap<>();
  private final Map<Double, Presence> testTables = new HashMap<>();
  private final PairedBootstrap bootstrap;
  private final long checksum;

  /**
   * What came out.
   *
   * @param comparison of the systems
   * @param setups by system, how it was trained in the end
   */
  public record Result(Comparison comparison, Map<String, Setup<?>> setups) {}

  /** A cell to train, unless its folder has it. */
  private record Task(CellFolder cells, Setup<?> setup, double rate, int seed) {
    @Override
    public String toString() {
      return Cell.title(setup.system().name(), rate, seed);
    }
  }

  /** Trains a cell. */
  private interface Trainer {
    Cell cell(Task task, Tape tape, Progress progress);
  }

  /** What decides a cell beside its system, rate and seed; written with it. */
  private record Protocol(
      DataSource data,
      long dataChecksum,
      long tableSeed,
      TrainingOptions training,
      Record options) {}

  /**
   * Prepares a comparison on data that is in memory: draws and stores the missing tables.
   *
   * @param prepared folder of prepared data, for what systems rest on
   * @throws LacunaException where samples are multi-label, a rate leaves no training sample with
   *     some modality, or the folder's tables are others
   */
  public ComparisonRun(
      Workers workers,
      MultimodalData data,
      ComparisonConfig config,
      ComparisonFolder folder,
      Path prepared,
      Progress progress) {
    this.workers = workers;
    this.data = data;
    this.config = config;
    this.folder = folder;
    if (data.multiLabel()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "compare is about accuracy, but "
              + data.name()
              + " is multi-label; want data of one class a sample");
    }
    for (double rate : config.rates()) {
      Presence train = draw(rate, data.train(), Experiment.TRAIN_TABLE);
      requireEach(rate, train);
      trainTables.put(rate, train);
      testTables.put(rate, draw(rate, data.test(), Experiment.TEST_TABLE));
    }
    trainTables.forEach(
        (rate, table) -> folder.keepTable("train", rate, table, data.modalityNames()));
    testTables.forEach(
        (rate, table) -> folder.keepTable("test", rate, table, data.modalityNames()));
    systems = new ArrayList<>();
    for (LearningSystem<?> system : config.learningSystems()) {
      systems.add(prepared(system, prepared, progress));
    }
    bootstrap = PairedBootstrap.of(data.test(), progress);
    checksum = data.checksum();
  }

  private <O extends Record> LearningSystem<?> prepared(
      LearningSystem<O> system, Path folder, Progress progress) {
    trainTables
        .values()
        .forEach(table -> system.check(table, data.modalityNames(), system.defaults()));
    return system.prepared(workers.context(), folder, data, system.defaults(), progress);
  }

  private Presence draw(double rate, Split split, int stream) {
    return MissingRates.one(rate, data.modalityNames())
        .draw(split.presence(), new CounterRandom(config.tableSeed(), stream, 0));
  }

  private void requireEach(double rate, Presence table) {
    for (int m = 0; m < data.modalities().size(); m++) {
      if (table.count(m) == 0) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "rate "
                + Cell.shortest(rate)
                + " leaves no training sample with "
                + data.modalityNames().get(m)
                + ", which would then vote without having learned");
      }
    }
  }

  /** Trains all cells that are not there, and compares. */
  public Result run(Progress progress) {
    Map<String, Setup<?>> setups = config.trials() > 0 ? tuned(progress) : standard();
    List<Task> tasks = new ArrayList<>();
    for (int seed = 0; seed < config.seeds(); seed++) {
      for (double rate : config.rates()) {
        for (Setup<?> setup : setups.values()) {
          tasks.add(new Task(folder.cells(), setup, rate, seed));
        }
      }
    }
    List<Cell> cells = complete("compare", tasks, this::tested, progress);
    return new Result(Comparison.of(cells, config.systems().getFirst(), bootstrap), setups);
  }

  private Map<String, Setup<?>> standard() {
    Map<String, Setup<?>> setups = new LinkedHashMap<>();
    for (LearningSystem<?> system : systems) {
      setups.put(system.name(), Setup.standard(system, config.training()));
    }
    return setups;
  }

  /** Trains the trials of every system, logs them and chooses. */
  private Map<String, Setup<?>> tuned(Progress progress) {
    List<Task> tasks = new ArrayList<>();
    for (LearningSystem<?> system : systems) {
      for (int trial = 0; trial < config.trials(); trial++) {
        Setup<?> setup = Setup.tried(system, config.training(), new Trial(trial));
        tasks.add(new Task(folder.trial(trial), setup, config.tuningRate(), 0));
      }
    }
    List<Cell> cells = complete("tune", tasks, this::validated, progress);
    List<TrialLog.Line> lines = new ArrayList<>();
    for (int i = 0; i < cells.size(); i++) {
      lines.add(new TrialLog.Line(i % config.trials(), tasks.get(i).setup(), cells.get(i)));
    }
    TrialLog log = new TrialLog(lines);
    folder.write("trials.csv", log.csv());
    return log.chosen();
  }

  /** The cells of all tasks in order; those that are not there are trained and written. */
  private List<Cell> complete(String name, List<Task> tasks, Trainer trainer, Progress progress) {
    List<Optional<Cell>> cells = new ArrayList<>(tasks.stream().map(this::stored).toList());
    List<Integer> missing =
        IntStream.range(0, tasks.size()).filter(i -> cells.get(i).isEmpty()).boxed().toList();
    AtomicInteger done = new AtomicInteger(tasks.size() - missing.size());
    if (done.get() > 0) {
      progress.note(name + ": " + done + " of " + tasks.size() + " cells are there already");
    }
    if (!missing.isEmpty()) {
      TrainingOptions training = config.training();
      long steps = (long) training.epochs() * Math.ceilDiv(data.train().size(), training.batch());
      try (Progress.Task bar = progress.start(name, steps * missing.size())) {
        workers.run(
            missing.size(),
            (number, tape, checkpoint) -> {
              int i = missing.get(number);
              Task task = tasks.get(i);
              Supplier<String> title =
                  () -> String.format(Locale.ROOT, "%s of %d cells, %s", done, tasks.size(), task);
              bar.message(title.get());
              PartOfProgress part = new PartOfProgress(progress, bar, title, checkpoint);
              Cell cell = trainer.cell(task, tape, part);
              task.cells.write(cell, protocol(task.setup));
              cells.set(i, Optional.of(cell));
              done.incrementAndGet();
            });
        bar.message(done + " of " + tasks.size() + " cells");
      }
    }
    return cells.stream().flatMap(Optional::stream).toList();
  }

  private Optional<Cell> stored(Task task) {
    return task.cells.read(task.setup.system().name(), task.rate, task.seed, protocol(task.setup));
  }

  private Protocol protocol(Setup<?> setup) {
    return new Protocol(
        config.data(), checksum, config.tableSeed(), setup.training(), setup.options());
  }

  private Cell tested(Task task, Tape tape, Progress progress) {
    return attempt(task, tape, data.test(), testTables.get(task.rate), progress);
  }

  /** A trial, which knows the validation samples alone. */
  private Cell validated(Task task, Tape tape, Progress progress) {
    return attempt(task, tape, data.validation(), data.validation().presence(), progress);
  }

  /** One that diverges is a result too, and keeps the others from nothing. */
  private Cell attempt(Task task, Tape tape, Split split, Presence presence, Progress progress) {
    long start = System.nanoTime();
    try {
      return train(task, tape, split, presence, progress);
    } catch (LacunaException e) {
      if (e.status() != Status.NON_FINITE) {
        throw new LacunaException(e.status(), task + ": " + e.getMessage(), e);
      }
      progress.note(task + " counts as wrong on all samples: " + e.getMessage());
      double seconds = (System.nanoTime() - start) / 1e9;
      return Cell.diverged(task.setup.system().name(), task.rate, task.seed, split.size(), seconds);
    }
  }

  private Cell train(Task task, Tape tape, Split split, Presence presence, Progress progress) {
    try (Learner learner = task.setup.learner(tape.context(), data, task.seed)) {
      TrainingLoop.Run run =
          TrainingLoop.run(
              learner,
              tape,
              data,
              trainTables.get(task.rate),
              task.setup.training(),
              task.seed,
              task.toString(),
              progress);
      return new Cell(
          task.setup.system().name(),
          task.rate,
          task.seed,
          learner.outputs(tape, data, split).right(presence),
          run.best().validation(),
          run.epochs().getLast().seconds());
    }
  }
}
