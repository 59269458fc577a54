package dev.lacuna.training.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lacuna.Context;
import dev.lacuna.Device;
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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lacuna info}. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Shows every back end, whether it works here, and why not where it does not.")
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "Only this device, such as cuda:1; fails where it cannot be used.")
  private @Nullable String device;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Device only = only();
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("java", System.getProperty("java.version"));
    root.put("abi_version", OpLayouts.ABI_MAJOR + "." + OpLayouts.ABI_MINOR);
    root.put("ops", OpLayouts.ALL.size());
    root.put("cores", Runtime.getRuntime().availableProcessors());
    root.put("data_folder", DataFolder.standard().toString());
    ArrayNode backends = root.putArray("backends");
    boolean failed = false;
    for (BackendProvider provider : Lacuna.providers()) {
      if (only != null && !only.backend().equals(provider.name())) {
        continue;
      }
      Availability availability = provider.availability();
      ObjectNode backend = backends.addObject();
      backend.put("name", provider.name());
      try {
        String facts = availability.usable() ? facts(provider, only) : availability.reason();
        backend.put("usable", availability.usable());
        backend.put("reason", facts);
        putAutomatic(backend, provider);
        ObjectNode named = backend.putObject("facts");
        for (String fact : facts.split(";", -1)) {
          int equals = fact.indexOf('=');
          if (availability.usable() && equals > 0) {
            named.put(fact.substring(0, equals), fact.substring(equals + 1));
          }
        }
      } catch (LacunaException e) {
        backend.put("usable", false);
        backend.put("reason", e.getMessage());
      }
      availability.tried().forEach(backend.putArray("tried")::add);
      failed |= only != null && !backend.path("usable").asBoolean();
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(root.toPrettyString());
    } else {
      print(root, out);
    }
    out.flush();
    return failed ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
  }

  /** The device that alone is asked for, or null. */
  private @Nullable Device only() {
    if (device == null) {
      return null;
    }
    try {
      Device asked = Device.parse(device);
      if (Lacuna.providers().stream().anyMatch(p -> p.name().equals(asked.backend()))) {
        return asked;
      }
    } catch (IllegalArgumentException e) {
      // refused below
    }
    throw new ParameterException(
        spec.commandLine(),
        "--device is '" + device + "', want cpu, cuda, cuda:N, reference or reference-f64");
  }

  /** Whether a usable back end may be taken unasked, where that is another question. */
  private static void putAutomatic(ObjectNode backend, BackendProvider provider) {
    Availability automatic = provider.automatic();
    backend.put("automatic", automatic.usable());
    if (!automatic.reason().equals(provider.availability().reason())) {
      backend.put("automatic_reason", automatic.reason());
    }
  }

  /** What a back end says of itself after a matrix product, which loads oneDNN. */
  private static String facts(BackendProvider provider, @Nullable Device device) {
    Device where = device == null ? new Device(provider.name(), 0) : device;
    try (Context context = new Context(provider, OpenOptions.DEFAULT.withDevice(where));
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
          if (backend.has("automatic_reason")) {
            out.printf(
                "               %s by itself: %s%n",
                backend.path("automatic").asBoolean() ? "chosen" : "not chosen",
                backend.path("automatic_reason").asText());
          }
          backend
              .path("tried")
              .forEach(line -> out.println("               tried " + line.asText()));
        });
  }
}
