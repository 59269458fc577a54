package dev.lacuna.training.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.Lacuna;
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
      backend.put("usable", availability.usable());
      backend.put("reason", availability.reason());
      if (availability.usable()) {
        for (String fact : availability.reason().split(";", -1)) {
          int equals = fact.indexOf('=');
          if (equals > 0) {
            backend.put(fact.substring(0, equals), fact.substring(equals + 1));
          }
        }
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
