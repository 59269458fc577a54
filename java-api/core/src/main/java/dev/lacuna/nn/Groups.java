package dev.lacuna.nn;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the parameters of a layer are declared. Apart, biases can learn while weights rest: BitFit
 * (Ben Zaken et al., ACL 2022) {@linkplain ParameterGroup#freeze freezes} the group of the weights,
 * which may lie in a store that several models read.
 *
 * @param weights of weights, gains of norms and embeddings
 * @param biases of everything that is added
 */
public record Groups(ParameterGroup weights, ParameterGroup biases) {
  /** Both in one group. */
  public static Groups one(ParameterGroup group) {
    return new Groups(group, group);
  }

  /** All parameters by their names within their groups. */
  Map<String, Parameter> parameters() {
    Map<String, Parameter> all = new LinkedHashMap<>();
    for (ParameterGroup group : List.of(weights, biases)) {
      int prefix = group.name().length() + 1;
      group.parameters().forEach(p -> all.put(p.name().substring(prefix), p));
    }
    return all;
  }
}
