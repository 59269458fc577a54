package dev.lacuna.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.Tier;
import dev.lacuna.spi.BackendProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./lacuna bench}: our kernels and everybody else's on the same inputs. */
@Command(
    name = "lacuna bench",
    description = {
      "Times our kernels and what people use now on the same inputs, in alternating processes,"
          + " and holds both against the machine's limits and against a double reference.",
      ""
    },
    mixinStandardHelpOptions = true,
    version = "lacuna 0.1.0",
    sortOptions = false,
    usageHelpWidth = 80,
    footer = {
      "",
      "Examples:",
      "  ./lacuna bench --quick                a glance, in ten minutes",
      "  ./lacuna bench --rows 'vq|vicreg' --json bench.json",
      "  ./lacuna bench --tier AVX2            everybody held to AVX2",
      "  ./lacuna bench --growth pictures      how cost grows with sizes and threads",
      "  ./lacuna bench --device cuda --json gpu.json",
      "",
      "Peers: libtorch with OpenBLAS, the official libtorch and ONNX Runtime come from Maven"
          + " Central (300 MB, once); FAISS takes part where python3-faiss is installed. Leave the machine"
          + " alone meanwhile."
    })
public final class Bench implements Callable<Integer> {
  /** Whether lines may be written over: the launcher knows, Java only guesses. */
  private static final boolean TERMINAL = Boolean.getBoolean("lacuna.terminal");

  private static final int ROUNDS = 5;
  private static final int QUICK_ROUNDS = 2;
  private static final int GPU_RUNS = 50;
  private static final double FLOOR_FLOPS = 5e9;

  @Option(
      names = "--rows",
      paramLabel = "REGEX",
      description = "Only rows whose kernel, sizes and variant match in part.")
  private Pattern rows = Pattern.compile("");

  @Option(
      names = "--quick",
      description = "2 rounds instead of 5, each shorter: 10 minutes, not 21.")
  private boolean quick;

  @Option(
      names = "--tier",
      paramLabel = "TIER",
      description =
          "AVX2: hold our kernels and the peers to AVX2, with a bar of 1. (default: BEST)")
  private Tier tier = Tier.BEST;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of each contender. (default: all cores)")
  private int threads;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "cuda or cuda:N: our kernels on that GPU by its own clock, without peers. (default: cpu)")
  private String device = "cpu";

  @Option(names = "--json", paramLabel = "FILE", description = "Also write all timings there.")
  private @Nullable Path json;

  @Option(
      names = "--plot",
      paramLabel = "FOLDER",
      description = "Also draw the kernels under the machine's roofline, as roofline.png.")
  private @Nullable Path plot;

  @Option(
      names = "--growth",
      paramLabel = "FOLDER",
      description =
          "Instead of the table: time and memory against sizes and threads, with pictures.")
  private @Nullable Path growth;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  /** For picocli. */
  @SuppressWarnings("NullAway.Init")
  public Bench() {}

  /** Runs the command and exits: 0 done, 1 failed, 2 called wrongly. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Bench())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((exception, arguments) -> {
          PrintWriter err = exception.getCommandLine().getErr();
          err.println("lacuna: bench: " + exception.getMessage());
          err.println("Try './lacuna bench --help'.");
          return CommandLine.ExitCode.USAGE;
        })
        .setExecutionExceptionHandler((exception, command, arguments) -> {
          command.getErr().println("lacuna: bench: " + exception.getMessage());
          return CommandLine.ExitCode.SOFTWARE;
        });
  }

  @Override
  public Integer call() {
    Device where = device();
    if (where.backend().equals("cuda")) {
      gpu(where);
      return CommandLine.ExitCode.OK;
    }
    if (tier != Tier.BEST && tier != Tier.AVX2) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--tier is " + tier + ", want BEST or AVX2");
    }
    int cores = Runtime.getRuntime().availableProcessors();
    if (threads < 0 || threads > cores) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--threads is " + threads + ", want 1 to " + cores);
    }
    if (threads == 0) {
      threads = cores;
    }
    if (growth != null && tier != Tier.BEST) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--growth is of our best tier, it cannot go with --tier " + tier);
    }
    Map<String, List<Row>> selected = growth == null ? selected() : Map.of();
    Path home = Path.of(System.getProperty("lacuna.home", "."));
    progress("the machine's limits");
    Machine machine =
        Bystanders.undisturbed(
            () -> Machine.measure(home, threads, tier == Tier.AVX2),
            busy -> out("others kept %.1f cores busy while the limits were measured", busy));
    out(
        "%s, %d threads, tier %s, %s; fp32 %.0f GFLOP/s (one thread %.0f), bf16 %.0f, int8 %.0f;"
            + " read %.1f GB/s (%.1f), copy %.1f (%.1f), update %.1f (%.1f)",
        Machine.cpu(),
        threads,
        tier,
        machine.simd(),
        machine.fp32(),
        machine.fp32One(),
        machine.bf16(),
        machine.int8(),
        machine.read(),
        machine.readOne(),
        machine.copy(),
        machine.copyOne(),
        machine.update(),
        machine.updateOne());
    List<Peer> peers =
        ServiceLoader.load(Peer.class).stream().map(ServiceLoader.Provider::get).toList();
    peers.forEach(peer -> out("peer: %s", peer.describe()));
    if (growth != null) {
      new Growth(machine, peers, rows, spec.commandLine().getOut(), this::progress).run(growth);
    } else {
      table(machine, peers, selected);
    }
    return CommandLine.ExitCode.OK;
  }

  private Device device() {
    try {
      Device where = Device.parse(device);
      boolean alone = threads == 0 && tier == Tier.BEST && plot == null && growth == null;
      if (where.equals(Device.cpu()) || (where.backend().equals("cuda") && alone)) {
        return where;
      }
    } catch (IllegalArgumentException e) {
      // refused below, with what would do
    }
    throw new CommandLine.ParameterException(
        spec.commandLine(),
        "--device is "
            + device
            + ", want cpu, or cuda or cuda:N with none of --tier, --threads, --plot and --growth");
  }

  /** Our kernels on a GPU. */
  private void gpu(Device where) {
    List<Row> wanted =
        selected().values().stream()
            .flatMap(List::stream)
            .filter(row -> row.variant() != Variant.FLOAT)
            .toList();
    BackendProvider provider = Lacuna.provider(where.backend());
    GpuTable.Document document =
        new GpuTable(
                provider, where.index(), quick ? GPU_RUNS / 10 : GPU_RUNS, GpuClock.CACHE, out())
            .run(wanted);
    if (json != null) {
      write(json, document);
    }
  }

  private Map<String, List<Row>> selected() {
    Map<String, List<Row>> selected =
        Row.ALL.stream()
            .filter(row -> rows.matcher(row.label()).find())
            .collect(Collectors.groupingBy(Row::work, LinkedHashMap::new, Collectors.toList()));
    if (selected.isEmpty()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "--rows matches none of: "
              + Row.ALL.stream().map(Row::label).collect(Collectors.joining(", ")));
    }
    return selected;
  }

  private void table(Machine machine, List<Peer> peers, Map<String, List<Row>> selected) {
    Peer.Terms terms = new Peer.Terms(threads, tier == Tier.AVX2);
    int rounds = quick ? QUICK_ROUNDS : ROUNDS;
    out(
        "%d rounds: the first of every way and setting of every peer, the others of ours and of"
            + " ways within %.1fx of the fastest;%nusual ways and plain loops run in the first alone."
            + " Times are medians over rounds of the median run of a process.",
        rounds, Contest.NEAR);
    out("%n%s", Table.header());
    List<Line> lines = new ArrayList<>();
    List<Map<String, Object>> timings = new ArrayList<>();
    Map<String, String> facts = new LinkedHashMap<>();
    int[] disturbed = {0};
    selected.forEach((name, wanted) -> {
      Workload workload = Workload.of(name);
      List<Entry> others = new ArrayList<>();
      if (wanted.stream().anyMatch(row -> row.baseline() == null)) {
        others.addAll(plainJava(workload));
        peers.forEach(peer -> others.addAll(peer.entries(workload, terms)));
      }
      Contest contest = new Contest(workload, ours(workload, wanted), others, this::progress);
      contest.run(rounds, quick ? Effort.QUICK : Effort.FULL);
      contest.facts().forEach(facts::putIfAbsent);
      disturbed[0] += contest.disturbed();
      for (Row row : wanted) {
        contest
            .line(row, row.bar(terms.avx2()), machine)
            .ifPresent(line -> {
              lines.add(line);
              progress("");
              out("%s", Table.line(line));
            });
      }
      timings.add(Map.of("workload", name, "timings", contest.timings()));
    });
    out("%s", Table.footer(lines));
    if (disturbed[0] > 0) {
      out(
          "This machine was not left alone: beside %d timings others kept more than %.1f cores"
              + " busy.",
          disturbed[0], Bystanders.TOO_MUCH);
    }
    facts.forEach((peer, fact) -> out("%s ran as: %s", peer, fact));
    if (json != null) {
      write(
          json,
          new Document(
              1,
              Machine.cpu(),
              machine,
              tier,
              rounds,
              Contest.NEAR,
              peers.stream().map(Peer::describe).toList(),
              lines,
              timings));
    }
    if (plot != null) {
      out("%s", Roofline.write(plot, machine, lines));
    }
  }

  /** What --json writes. */
  record Document(
      int schema,
      String cpu,
      Machine machine,
      Tier tier,
      int rounds,
      double nearFirst,
      List<String> peers,
      List<Line> rows,
      List<Map<String, Object>> timings) {}

  static void write(Path file, Record document) {
    try {
      Files.writeString(file, text(document));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Record document) throws IOException {
    return new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .writeValueAsString(document)
        + System.lineSeparator();
  }

  private Map<Variant, Entry> ours(Workload workload, List<Row> wanted) {
    Map<Variant, Entry> entries = new EnumMap<>(Variant.class);
    for (Row row : wanted) {
      Variant baseline = row.baseline();
      if (baseline != null) {
        entries.put(baseline, lacuna(workload.name(), baseline, tier, threads));
      }
      entries.put(row.variant(), lacuna(workload.name(), row.variant(), tier, threads));
    }
    return entries;
  }

  /** Our kernel in a fork. */
  static JmhEntry lacuna(String work, Variant variant, Tier tier, int threads) {
    Map<String, String> parameters =
        Map.of(
            "work", work,
            "backend", "cpu",
            "tier", tier.name(),
            "threads", Integer.toString(threads),
            "variant", variant.name());
    // matrix products of oneDNN would use what the CPU has
    Map<String, String> environment =
        tier == Tier.AVX2 ? Map.of("DNNL_MAX_CPU_ISA", "AVX2") : Map.of();
    return new JmhEntry(
        "lacuna",
        variant.suffix().strip(),
        false,
        "threads=" + threads + " tier=" + tier,
        Workload.benchmarkOf(work),
        parameters,
        environment,
        List.of());
  }

  /**
   * The floor: the reference back end's loops in float, as an embedder without us would write them,
   * where they take seconds and not minutes.
   */
  private static List<Entry> plainJava(Workload workload) {
    if (workload.plainFlops() > FLOOR_FLOPS) {
      return List.of();
    }
    JmhEntry loops =
        new JmhEntry(
            "java",
            "loops",
            false,
            "one thread",
            Workload.benchmarkOf(workload.name()),
            Map.of("work", workload.name(), "backend", "reference"),
            Map.of(),
            List.of());
    return List.of(loops);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private void out(String format, Object... values) {
    PrintWriter out = out();
    out.printf(Locale.ROOT, format + "%n", values);
    out.flush();
  }

  /** On a terminal one line that is written over again. */
  private void progress(String what) {
    if (TERMINAL) {
      System.err.print("\r\033[K" + what);
      System.err.flush();
    } else if (!what.isEmpty()) {
      System.err.println("lacuna: " + what);
    }
  }
}
