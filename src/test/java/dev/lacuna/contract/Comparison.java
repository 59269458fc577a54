package dev.lacuna.contract;

import dev.lacuna.DType;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsStep;
import dev.lacuna.spi.OpLayouts.VqNearest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds a back end's outputs against the double reference: the error may be twice that of the same
 * maths done naively in float (three times for gradients), plus 8 units in the last place of the
 * largest value. Where reduced precision is permitted the error may be larger by as much as the
 * double reference's own result moves when every operand that may be rounded to bf16 is moved by
 * one unit of it.
 *
 * @param opCase the case
 * @param inputs what it was run on
 * @param exact outputs of the double reference
 * @param naive outputs of the float reference
 * @param shaken outputs of the double reference on {@link OpCase#shaken} inputs; without reduced
 *     precision those of the double reference
 */
record Comparison(
    OpCase opCase,
    Map<String, double[]> inputs,
    Map<String, double[]> exact,
    Map<String, double[]> naive,
    Map<String, double[]> shaken) {
  private static final int ULPS = 8;

  /** What is wrong with the outputs, one line each. */
  List<String> failures(Map<String, double[]> got) {
    List<String> failures = new ArrayList<>();
    if (opCase.op == VqNearest.OP) {
      nearest(got, failures);
      return failures;
    }
    Map<String, double[]> wanted = derived(exact);
    Map<String, double[]> naively = derived(naive);
    derived(got)
        .forEach((name, values) ->
            compare(name, values, wanted.get(name), naively.get(name), movement(name), failures));
    return failures;
  }

  /** How far the largest change by shaking the inputs goes. */
  private double movement(String name) {
    double[] before = exact.get(name);
    double[] after = shaken.get(name);
    double most = 0;
    for (int i = 0; opCase.isFast() && i < before.length; i++) {
      if (Float.isFinite((float) before[i])) {
        most = Math.max(most, Math.abs(after[i] - before[i]));
      }
    }
    return most;
  }

  /** Factors may differ where P does not, so it is P that is compared. */
  private Map<String, double[]> derived(Map<String, double[]> outputs) {
    if (opCase.op != RlsAbsorb.OP && opCase.op != RlsStep.OP) {
      return outputs;
    }
    double[] state = outputs.get("state");
    Map<String, double[]> derived = new LinkedHashMap<>();
    derived.put("P", RlsCases.projector(opCase, outputs));
    derived.put("c", new double[] {state[0]});
    derived.put("absorbed", new double[] {state[1]});
    if (outputs.containsKey("out")) {
      derived.put("out", outputs.get("out"));
    }
    if (opCase.value("form") == RlsCases.LOW_RANK) {
      double[] factor = outputs.get("factor");
      derived.put("A", Arrays.copyOfRange(factor, factor.length / 2, factor.length));
    }
    return derived;
  }

  private int size(String field) {
    return Math.toIntExact(opCase.value(field));
  }

  private void compare(
      String name,
      double[] got,
      double[] wanted,
      double[] naively,
      double allowance,
      List<String> failures) {
    if (isInteger(name)) {
      for (int i = 0; i < wanted.length; i++) {
        if (got[i] != wanted[i]) {
          failures.add(name + "[" + i + "] is " + (int) got[i] + ", want " + (int) wanted[i]);
          return;
        }
      }
      return;
    }
    double error = 0;
    double naiveError = 0;
    double largest = 0;
    int worst = 0;
    for (int i = 0; i < wanted.length; i++) {
      float rounded = (float) wanted[i];
      if (!Float.isFinite(rounded)) {
        if (Float.compare((float) got[i], rounded) != 0) {
          failures.add(name + "[" + i + "] is " + got[i] + ", want " + rounded);
          return;
        }
        continue;
      }
      if (!Double.isFinite(naively[i])) {
        failures.add(name + "[" + i + "] is " + naively[i] + " in naive float: not a fair case");
        return;
      }
      if (!Double.isFinite(got[i])) {
        failures.add(name + "[" + i + "] is " + got[i] + ", want " + wanted[i]);
        return;
      }
      if (Math.abs(got[i] - wanted[i]) > error) {
        error = Math.abs(got[i] - wanted[i]);
        worst = i;
      }
      naiveError = Math.max(naiveError, Math.abs(naively[i] - wanted[i]));
      largest = Math.max(largest, Math.abs(wanted[i]));
    }
    int factor = opCase.op.name().endsWith("_bwd") ? 3 : 2;
    double bound = factor * naiveError + ULPS * Math.ulp((float) largest) + allowance;
    if (error > bound) {
      failures.add(
          name
              + "["
              + worst
              + "] is "
              + got[worst]
              + ", want "
              + wanted[worst]
              + ": off by "
              + error
              + ", allowed "
              + bound
              + " (naive float: "
              + naiveError
              + ")");
    }
  }

  private boolean isInteger(String name) {
    for (OpField field : opCase.op.fields()) {
      if (field.name().equals(name)) {
        return field.dtype() == DType.I32;
      }
    }
    return name.equals("absorbed");
  }

  /**
   * The distance rule: a code may be returned whose distance, in double, exceeds the minimum by at
   * most 8 eps32 (|z|^2 + max |e|^2), both centred by the codebook's mean; of equal codes the
   * first.
   */
  private void nearest(Map<String, double[]> got, List<String> failures) {
    int n = size("n");
    int d = size("d");
    int k = size("k");
    double[] z = inputs.get("z");
    double[] codebook = inputs.get("codebook");
    double[] mean = new double[d];
    for (int i = 0; i < codebook.length; i++) {
      mean[i % d] += codebook[i] / k;
    }
    double largestCode = 0;
    for (int code = 0; code < k; code++) {
      largestCode = Math.max(largestCode, distance(codebook, code, mean, 0, d));
    }
    double largestSlack = 0;
    for (int i = 0; i < n; i++) {
      int code = (int) got.get("index")[i];
      if (code < 0 || code >= k) {
        failures.add("index[" + i + "] is " + code + " of " + k + " codes");
        return;
      }
      double slack = 8 * 0x1.0p-23 * (distance(z, i, mean, 0, d) + largestCode);
      largestSlack = Math.max(largestSlack, slack);
      double chosen = distance(z, i, codebook, code, d);
      int best = (int) exact.get("index")[i];
      double least = distance(z, i, codebook, best, d);
      if (chosen > least + slack) {
        failures.add(
            "index["
                + i
                + "] is "
                + code
                + " at distance "
                + chosen
                + ", want "
                + best
                + " at "
                + least);
        return;
      }
      for (int lower = 0; lower < code; lower++) {
        if (distance(codebook, lower, codebook, code, d) == 0) {
          failures.add("index[" + i + "] is " + code + ", want the equal code " + lower);
          return;
        }
      }
    }
    double[] distances = got.get("distance");
    if (distances != null) {
      compare(
          "distance",
          distances,
          exact.get("distance"),
          naive.get("distance"),
          largestSlack,
          failures);
    }
  }

  private static double distance(double[] a, int i, double[] b, int j, int d) {
    double sum = 0;
    for (int t = 0; t < d; t++) {
      double difference = a[i * d + t] - b[j * d + t];
      sum += difference * difference;
    }
    return sum;
  }
}
