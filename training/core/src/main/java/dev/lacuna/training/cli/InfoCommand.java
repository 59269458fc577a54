package dev.lacuna.training.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.Context;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.BackendProvider;
import dev.lacuna.spi.OpLayouts;
import dev.lacuna.training.data.DataFolder;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lacuna info}. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Shows every back end, whether it works here, and why not where it does not.")
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("java", System.getProperty("java.version"));
    root.put("abi_version", OpLayouts.ABI_MAJOR + "." + OpLayouts.ABI_MINOR);
    root.put("ops", OpLayouts.ALL.size());
    root.put("cores", Runtime.getRuntime().availableProcessors());
    root.put("data_folder", DataFolder.standard().toString());
    ArrayNode backends = root.putArray("backends");
    for (BackendProvider provider : Lacuna.providers()) {
      Availability availability = provider.availability();
      ObjectNode backend = backends.addObject();
      backend.put("name", provider.name());
      try {
        String facts = availability.usable() ? facts(provider) : availability.reason();
        backend.put("usable", availability.usable());
        backend.put("reason", facts);
        for (String fact : facts.split(";", -1)) {
          int equals = fact.indexOf('=');
          if (availability.usable() && equals > 0) {
            backend.put(fact.substring(0, equals), fact.substring(equals + 1));
          }
        }
      } catch (LacunaException e) {
        backend.put("usable", false);
        backend.put("reason", e.getMessage());
      }
      availability.tried().forEach(backend.putArray("tried")::add);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(root.toPrettyString());
    } else {
      print(root, out);
    }
    out.flush();
    return 0;
  }

  /** What a back end says of itself after a matrix product, which loads oneDNN. */
  private static String facts(BackendProvider provider) {
    try (Context context = new Context(provider, OpenOptions.DEFAULT);
        Tape tape = new Tape(context)) {
      if (context.supports(OpLayouts.LinearFwd.OP)) {
        Tensor one = tape.input(new float[] {1}, 1, 1);
        LinearOp.linear(one, one, null);
      }
      return context.describe();
    }
  }

  private static void print(ObjectNode root, PrintWriter out) {
    root.properties()
        .forEach(fact -> {
          if (fact.getValue().isValueNode()) {
            out.printf("%-14s %s%n", fact.getKey(), fact.getValue().asText());
          }
        });
    out.println();
    root.path("backends")
        .forEach(backend -> {
          out.printf(
              "%-14s %-11s %s%n",
              backend.path("name").asText(),
              backend.path("usable").asBoolean() ? "usable" : "unusable",
              backend.path("reason").asText());
          backend
              .path("tried")
              .forEach(line -> out.println("               tried " + line.asText()));
        });
  }
}
