package dev.lacuna.training.system;

import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.json.Json;
import dev.lacuna.training.loop.TrainingLoop.Epoch;
import dev.lacuna.training.metrics.Measure;
import dev.lacuna.training.report.Results;
import dev.lacuna.training.report.RunFolder;
import dev.lacuna.training.report.page.RunPage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the report of a run from what its seeds have left in the folder. */
final class RunReport {
  private RunReport() {}

  static <O extends Record> void write(
      RunFolder folder,
      LearningSystem<O> system,
      RunConfig<O> config,
      MultimodalData data,
      Results results,
      Map<String, Object> machine) {
    List<SeedResult> finished = folder.readProgress(SeedResult.class);
    List<RunPage.Seed> seeds = finished.stream().map(RunReport::seed).toList();
    Map<String, Map<String, Object>> facts = new LinkedHashMap<>();
    facts.put("Data", facts(data));
    Map<String, Object> model = new LinkedHashMap<>(finished.getFirst().facts());
    if (!model.isEmpty()) {
      facts.put("Model", model);
    }
    Map<String, Object> asked = new LinkedHashMap<>(Json.fields(config));
    facts.put("Training", Json.fields(config.training()));
    facts.put("Options of " + system.name(), Json.fields(config.options()));
    asked.keySet().removeAll(List.of("training", "options"));
    facts.put("Run", asked);
    facts.put("Machine", machine);
    RunPage page =
        new RunPage(
            system.name(),
            system.name() + " on " + data.name(),
            system.description(),
            summary(config, data),
            data.classNames(),
            Measure.choosing(data.multiLabel()),
            results,
            seeds,
            facts);
    folder.write("report.html", page.html());
  }

  private static String summary(RunConfig<?> config, MultimodalData data) {
    String missing = config.missing();
    return data.train().size()
        + " training samples"
        + (missing.equals("none") ? ", nothing taken away" : ", missing " + missing)
        + "; "
        + config.seeds()
        + (config.seeds() == 1 ? " seed, " : " seeds, ")
        + config.training().epochs()
        + (config.training().epochs() == 1 ? " epoch" : " epochs");
  }

  private static RunPage.Seed seed(SeedResult result) {
    return new RunPage.Seed(
        result.epochs().stream().mapToDouble(Epoch::loss).toArray(),
        result.epochs().stream().mapToDouble(Epoch::validation).toArray(),
        result.chosen() - 1,
        result.confusion(),
        result.diagnostics());
  }

  private static Map<String, Object> facts(MultimodalData data) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("name", data.name());
    facts.put("training_samples", data.train().size());
    facts.put("validation_samples", data.validation().size());
    facts.put("test_samples", data.test().size());
    facts.put("classes", data.classes());
    for (Modality modality : data.modalities()) {
      facts.put(
          modality.name(),
          modality.shape()
              + ", in "
              + data.train().presence().count(data.modalities().indexOf(modality))
              + " training samples");
    }
    return facts;
  }
}
