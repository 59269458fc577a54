package dev.lacuna.training.cli;

import dev.lacuna.training.system.ModelSignature;
import dev.lacuna.training.system.Prediction;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.commons.csv.CSVFormat;

/**
 * Predictions as CSV: {@code id,predicted}, then {@code probability_<class>} of each class and
 * {@code <modality>_present,<modality>_entropy,<modality>_weight} of each modality. Numbers have
 * all their digits. Predicted classes of a multi-label sample are separated by {@code |}.
 */
final class PredictionCsv {
  private PredictionCsv() {}

  static String of(ModelSignature signature, List<Prediction> predictions) {
    StringBuilder text = new StringBuilder(line(header(signature)));
    predictions.forEach(prediction -> text.append(line(cells(signature, prediction))));
    return text.toString();
  }

  private static String line(List<?> cells) {
    return CSVFormat.RFC4180.format(cells.toArray()) + "\n";
  }

  private static List<String> header(ModelSignature signature) {
    List<String> header = new ArrayList<>(List.of("id", "predicted"));
    signature.classes().forEach(name -> header.add("probability_" + name));
    for (ModelSignature.Input input : signature.inputs()) {
      header.add(input.name() + "_present");
      header.add(input.name() + "_entropy");
      header.add(input.name() + "_weight");
    }
    return header;
  }

  private static List<Object> cells(ModelSignature signature, Prediction prediction) {
    List<Object> cells = new ArrayList<>();
    cells.add(prediction.id());
    List<Integer> predicted =
        signature.multiLabel() ? prediction.predictedAll() : List.of(prediction.predicted());
    cells.add(predicted.stream().map(signature.classes()::get).collect(Collectors.joining("|")));
    for (double probability : prediction.probabilities()) {
      cells.add(probability);
    }
    double[] entropy = prediction.entropy();
    double[] weight = prediction.weight();
    for (int m = 0; m < signature.inputs().size(); m++) {
      boolean present = prediction.present()[m];
      cells.add(present ? 1 : 0);
      cells.add(present && entropy != null ? entropy[m] : "");
      cells.add(present && weight != null ? weight[m] : "");
    }
    return cells;
  }
}
