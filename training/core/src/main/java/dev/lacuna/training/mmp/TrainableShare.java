package dev.lacuna.training.mmp;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How many of a model's numbers learn. */
final class TrainableShare {
  private TrainableShare() {}

  /** The share of groups that are not frozen, and the numbers of each of them. */
  static Map<String, String> of(List<ParameterGroup> groups) {
    long all = groups.stream().mapToLong(TrainableShare::count).sum();
    List<ParameterGroup> learning = groups.stream().filter(group -> !group.isFrozen()).toList();
    long trainable = learning.stream().mapToLong(TrainableShare::count).sum();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put(
        "trainable parameters",
        String.format(
            Locale.ROOT, "%,d of %,d (%.2f %%)", trainable, all, 100.0 * trainable / all));
    for (ParameterGroup group : learning) {
      facts.put("trainable in " + group.name(), String.format(Locale.ROOT, "%,d", count(group)));
    }
    return facts;
  }

  private static long count(ParameterGroup group) {
    return group.parameters().stream().mapToLong(Parameter::count).sum();
  }
}
