package dev.lacuna.training.system;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Tape;
import dev.lacuna.multimodal.Presence;
import dev.lacuna.training.data.MissingRates;
import dev.lacuna.training.data.MissingTable;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.loop.Learner;
import dev.lacuna.training.loop.Outputs;
import dev.lacuna.training.loop.TrainingLoop;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Confusion;
import dev.lacuna.training.report.Diagnostic;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Trains a configuration once a seed and evaluates it on every missing pattern of the test split.
 */
public final class Experiment<O extends Record> {
  /** Stream of random numbers from which the training split's missing table is drawn. */
  public static final int TRAIN_TABLE = 0x4A01;

  /** Stream of the test split's. */
  public static final int TEST_TABLE = 0x4A02;

  private final Context context;
  private final MultimodalData data;
  private final LearningSystem<O> system;
  private final RunConfig<O> config;
  private final Presence trainTable;
  private final Evaluation evaluation;

  /**
   * An experiment on data that is in memory.
   *
   * @throws LacunaException where data and configuration do not fit, or the system does not learn
   *     from such data
   */
  public Experiment(
      Context context, MultimodalData data, LearningSystem<O> system, RunConfig<O> config) {
    this.context = context;
    this.data = data;
    this.system = system;
    this.config = config;
    config.check(data.modalityNames());
    requireLearnable(system, data);
    trainTable = trainTable();
    system.check(trainTable, data.modalityNames(), config.options());
    evaluation = new Evaluation(data, config.data().testCases(), config.tableSeed());
  }

  /**
   * Checks that a system can learn from data.
   *
   * @throws LacunaException naming both and the systems that can
   */
  public static void requireLearnable(LearningSystem<?> system, MultimodalData data) {
    if (data.multiLabel() && !system.multiLabel()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          system.name()
              + " learns from samples of one class each, those of "
              + data.name()
              + " are multi-label; want "
              + Systems.ALL.stream()
                  .filter(LearningSystem::multiLabel)
                  .map(LearningSystem::name)
                  .collect(Collectors.joining(" or ")));
    }
  }

  private Presence trainTable() {
    List<String> names = data.modalityNames();
    Presence presence =
        MissingRates.parse(config.missing(), names)
            .draw(data.train().presence(), new CounterRandom(config.tableSeed(), TRAIN_TABLE, 0));
    for (int m = 0; m < names.size(); m++) {
      if (presence.count(m) == 0) {
        throw new LacunaException(
            Status.INVALID_ARGUMENT,
            "--missing "
                + config.missing()
                + " leaves no training sample with "
                + names.get(m)
                + ", which would then vote without having learned");
      }
    }
    return presence;
  }

  /**
   * Trains all seeds, writes models, log and missing tables into the folder, and measures. In the
   * folder of a run that has stopped it goes on from the last epoch; the results are, to the bit,
   * those of a run that never stopped.
   */
  public Results train(RunFolder folder, Progress progress) {
    folder.begin(system.name(), config, data.checksum());
    signature().write(folder);
    writeTable(folder, "missing-train.csv", trainTable);
    evaluation.tables().forEach((name, table) -> writeTable(folder, name, table));
    List<SeedResult> finished = finished(folder);
    try (Tape tape = new Tape(context)) {
      for (int seed = finished.size(); seed < config.seeds(); seed++) {
        try (Learner learner = learner(seed)) {
          TrainingLoop.Run run = train(learner, tape, seed, folder, progress);
          folder.writeModel(seed, system.name(), learner.restsOn(), learner.store());
          learner.exports(seed).forEach(folder::write);
          finished.add(result(run, learner, tape, baselines(seed, tape, progress)));
          requireLikeFirst(folder, finished);
          folder.write("log.csv", log(finished));
          folder.writeProgress(finished);
        }
      }
    }
    Results results = evaluation.results(finished.stream().map(SeedResult::measured).toList());
    for (String name : system.baselines(config.options()).keySet()) {
      results.putAll(
          "/" + name,
          evaluation.results(finished.stream().map(of -> of.baselines().get(name)).toList()));
    }
    return results;
  }

  /** What is measured of every baseline. */
  private Map<String, Map<String, Map<String, Double>>> baselines(
      int seed, Tape tape, Progress progress) {
    Map<String, Map<String, Map<String, Double>>> measured = new LinkedHashMap<>();
    system
        .baselines(config.options())
        .forEach((name, options) -> {
          try (Learner learner = system.learner(context, data, config.training(), options, seed)) {
            String title = system.name() + " seed " + seed + ", beside it " + name;
            TrainingLoop.run(
                learner, tape, data, trainTable, config.training(), seed, title, progress);
            Outputs outputs = learner.outputs(tape, data, data.test());
            measured.put(name, evaluation.measure(learner, tape, outputs));
          }
        });
    return measured;
  }

  /** Trains with a seed, from where a run that has stopped has left it. */
  private TrainingLoop.Run train(
      Learner learner, Tape tape, int seed, RunFolder folder, Progress progress) {
    return TrainingLoop.run(
        learner,
        tape,
        data,
        trainTable,
        config.training(),
        seed,
        system.name() + " seed " + seed,
        progress,
        folder.readCheckpoint(seed),
        folder::writeCheckpoint);
  }

  /** Writes a missing table; where a resumed run has written it, that one must be the same. */
  private void writeTable(RunFolder folder, String name, Presence table) {
    List<String> names = data.modalityNames();
    Path before = folder.file(name);
    if (!Files.exists(before)) {
      folder.write(name, file -> MissingTable.write(file, table, names));
    } else if (!MissingTable.read(before, names).equals(table)) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          before + " is not the table of this data: the data is not what the run began with");
    }
  }

  /** The results of the seeds that are finished, all of which must be there. */
  private List<SeedResult> finished(RunFolder folder) {
    List<SeedResult> finished = folder.readProgress(SeedResult.class);
    if (finished.size() > config.seeds()) {
      throw damaged(folder, finished.size() + " seeds, want at most " + config.seeds());
    }
    requireLikeFirst(folder, finished);
    return finished;
  }

  /** Refuses seeds that were not measured as this run measures, or as the first was. */
  private void requireLikeFirst(RunFolder folder, List<SeedResult> finished) {
    for (SeedResult result : finished) {
      SeedResult first = finished.getFirst();
      if (!result.baselines().keySet().equals(system.baselines(config.options()).keySet())) {
        throw damaged(folder, "baselines " + result.baselines().keySet());
      }
      requireLike(folder, result.measured(), first.measured());
      result
          .baselines()
          .forEach((name, measured) -> requireLike(folder, measured, first.baselines().get(name)));
    }
  }

  private void requireLike(
      RunFolder folder,
      Map<String, Map<String, Double>> measured,
      Map<String, Map<String, Double>> first) {
    String unlike = evaluation.unlike(measured, first);
    if (!unlike.isEmpty()) {
      throw damaged(folder, unlike);
    }
  }

  private static LacunaException damaged(RunFolder folder, String reason) {
    return new LacunaException(
        Status.INVALID_ARGUMENT, folder.file(RunFolder.PROGRESS) + " is damaged: it has " + reason);
  }

  private String log(List<SeedResult> finished) {
    String validation = Measure.choosing(data.multiLabel()).key();
    StringBuilder log =
        new StringBuilder("seed,epoch,loss,validation_" + validation + ",seconds\n");
    for (int seed = 0; seed < finished.size(); seed++) {
      for (TrainingLoop.Epoch e : finished.get(seed).epochs()) {
        log.append(
            String.format(
                Locale.ROOT,
                "%d,%d,%.6f,%.6f,%.3f%n",
                seed,
                e.epoch(),
                e.loss(),
                e.validation(),
                e.seconds()));
      }
    }
    return log.toString();
  }

  /**
   * Writes report.html, of a run whose seeds are all trained, before metrics.json finishes it.
   *
   * @param results of {@link #train}
   * @param machine where and with what it was run
   */
  public void report(RunFolder folder, Results results, Map<String, Object> machine) {
    RunReport.write(folder, system, config, data, results, machine);
  }

  /**
   * What is known of the models, by name, before metrics.json finishes the folder. Seeds differ in
   * what they learn, not in the model: it is said of the first.
   */
  public Map<String, String> facts(RunFolder folder) {
    return folder.readProgress(SeedResult.class).getFirst().facts();
  }

  /** Measures the models of a finished run. */
  public Results evaluate(RunFolder folder) {
    return evaluation.results(
        ofModels(
            folder,
            (learner, tape) ->
                evaluation.measure(learner, tape, learner.outputs(tape, data, data.test()))));
  }

  /** What is said of the models of a finished run, seed by seed. */
  public <R> List<R> ofModels(RunFolder folder, BiFunction<Learner, Tape, R> said) {
    ModelSignature.read(folder).requireSame(signature(), folder.toString());
    List<R> bySeed = new ArrayList<>();
    try (Tape tape = new Tape(context)) {
      for (int seed = 0; seed < config.seeds(); seed++) {
        try (Learner learner = learner(seed)) {
          folder.readModel(seed, learner.restsOn(), learner.store());
          bySeed.add(said.apply(learner, tape));
        }
      }
    }
    return bySeed;
  }

  private ModelSignature signature() {
    return ModelSignature.of(data, config.data().features(data));
  }

  private Learner learner(long seed) {
    return system.learner(context, data, config.training(), config.options(), seed);
  }

  /** All that is measured of a trained learner. */
  private SeedResult result(
      TrainingLoop.Run run,
      Learner learner,
      Tape tape,
      Map<String, Map<String, Map<String, Double>>> baselines) {
    Outputs outputs = learner.outputs(tape, data, data.test());
    List<Diagnostic> diagnostics = new ArrayList<>(FusionWeights.of(outputs, data));
    diagnostics.addAll(learner.diagnostics(tape, data));
    return new SeedResult(
        run.epochs(),
        run.best().epoch(),
        evaluation.measure(learner, tape, outputs),
        confusion(outputs),
        diagnostics,
        learner.facts(),
        baselines);
  }

  /** What each modality alone takes for what; of multi-label samples no class is taken for one. */
  private List<Confusion> confusion(Outputs outputs) {
    if (data.multiLabel()) {
      return List.of();
    }
    List<String> names = data.modalityNames();
    return IntStream.range(0, names.size())
        .mapToObj(m ->
            Confusion.of(
                names.get(m),
                m,
                data.test(),
                outputs.logits(MissingTable.only(names.get(m), names, data.test().presence())),
                data.classes()))
        .toList();
  }
}
