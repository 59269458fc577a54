package dev.lacuna.training.cli;

import dev.lacuna.Context;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.report.Machine;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.system.Experiment;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * A run, new or resumed, with all that is said about it.
 *
 * @param data folder of prepared data
 * @param json whether metrics.json goes to standard output
 */
record Training<O extends Record>(
    LearningSystem<O> system, RunConfig<O> config, Path data, boolean json) {
  /**
   * Trains, measures and finishes the folder.
   *
   * @param command says where standard output is
   * @param start of the command, by System.nanoTime
   */
  void run(Context context, RunFolder folder, CommandSpec command, long start) {
    folder.resumeWith(ofMachine(command));
    Progress progress = Progress.onStandardError();
    MultimodalData loaded = config.data().load(data, progress);
    LearningSystem<O> prepared = system.prepared(context, data, loaded, config.options(), progress);
    Experiment<O> experiment = new Experiment<>(context, loaded, prepared, config);
    Results results = experiment.train(folder, progress);
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Object> machine = Machine.facts(context, seconds);
    experiment.report(folder, results, machine);
    Map<String, String> known = experiment.facts(folder);
    String document = folder.writeMetrics(system.name(), config, results, machine);
    PrintWriter out = command.commandLine().getOut();
    PrintWriter err = command.commandLine().getErr();
    results.print(json ? err : out);
    known.forEach((name, fact) -> (json ? err : out).println(name + ": " + fact));
    err.println("run folder: " + folder + "; look at " + folder.file("report.html"));
    if (json) {
      out.print(document);
      out.flush();
    }
  }

  /** The options that were given of those that say where data is and where to compute. */
  private static List<String> ofMachine(CommandSpec command) {
    ParseResult given = command.commandLine().getParseResult();
    return Stream.concat(Stream.of(DataOptions.NAME), DeviceOptions.NAMES.stream())
        .filter(given::hasMatchedOption)
        .map(name -> name + "=" + given.matchedOption(name).originalStringValues().getLast())
        .toList();
  }
}
