package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Lacuna;
import dev.lacuna.spi.Availability;
import dev.lacuna.spi.BackendProvider;
import dev.lacuna.spi.OpLayouts;
import dev.lacuna.training.cli.Main;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.Systems;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Help teaches, and a call that cannot be meant is told so in one line. */
class HelpTest {
  static Stream<String> commands() {
    return Main.commandLine().getSubcommands().keySet().stream().filter(c -> !c.equals("help"));
  }

  static Stream<String> systems() {
    return Systems.ALL.stream().map(LearningSystem::name);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandsHelpNamesAndExplainsEveryOption(String command) {
    String help = explained(Main.commandLine().getSubcommands().get(command), command);
    assertEquals(help, Cli.run("help", command).done().out());
  }

  @ParameterizedTest
  @MethodSource("systems")
  void everySystemsHelpNamesAndExplainsEveryOption(String system) {
    CommandLine train = Main.commandLine().getSubcommands().get("train");
    String help = explained(train.getSubcommands().get(system), "train", system);
    String description = Systems.named(system).description();
    assertTrue(help.replaceAll("\\s+", " ").contains(description), help);
    for (String part : new String[] {"--missing", "(default: 64)", "reference-f64"}) {
      assertTrue(help.contains(part), part);
    }
  }

  /** The help of a command, which must explain it. */
  private static String explained(CommandLine line, String... command) {
    Cli help = Cli.run(Cli.and(command, "--help")).done();
    assertEquals("", help.err());
    assertTrue(help.out().startsWith("Usage: lacuna " + String.join(" ", command)), help.out());
    assertTrue(help.out().lines().allMatch(text -> text.length() <= 80), help.out());
    assertFalse(help.out().contains("${"), help.out());
    for (OptionSpec option : line.getCommandSpec().options()) {
      assertTrue(help.out().contains(option.longestName()), option.longestName());
      assertFalse(String.join(" ", option.description()).isBlank(), option.longestName());
    }
    return help.out();
  }

  @Test
  void trainsHelpListsTheSystemsThatThereAre() {
    String help = Cli.run("train", "--help").done().out();
    systems()
        .forEach(system -> assertTrue(help.matches("(?s).*\\n  " + system + " +\\S.*"), system));
    assertEquals(
        systems().toList(),
        List.copyOf(Main.commandLine().getSubcommands().get("train").getSubcommands().keySet()));
  }

  @Test
  void trainsHelpShowsDefaultsAndExamples() {
    String help = Cli.run("train", "mla", "--help").done().out();
    for (String part :
        new String[] {
          "Examples:",
          "lacuna train --missing audio=0.7",
          "image=0.3,audio=0.2",
          "project_then_absorb",
          "(default: 64)",
          "--no-projection",
          "reference-f64"
        }) {
      assertTrue(help.contains(part), part);
    }
  }

  @Test
  void withoutASystemMlaIsMeant() {
    String[][] asked = {{"--epochs=0"}, {"--verbose", "--epochs=0"}, {"--epochs", "0"}};
    for (String[] options : asked) {
      String[] call = Cli.and(new String[] {"train"}, options);
      String[] named = Cli.and(new String[] {"train", "mla"}, options);
      assertArrayEquals(named, Main.completed(Main.commandLine(), call));
      assertArrayEquals(named, Main.completed(Main.commandLine(), named));
      assertEquals(Cli.run(named).failed(2, "epochs is 0").err(), Cli.run(call).err());
    }
    String[][] complete = {
      {},
      {"info"},
      {"help", "train"},
      {"train", "late_fusion"},
      {"train", "--help"},
      {"train", "-h"}
    };
    for (String[] call : complete) {
      assertArrayEquals(call, Main.completed(Main.commandLine(), call));
    }
    assertArrayEquals(
        new String[] {"--verbose", "train", "mla"},
        Main.completed(Main.commandLine(), "--verbose", "train"));
  }

  @Test
  void theCommandsAreListedWithWhatTheyDo() {
    Cli help = Cli.run("--help").done();
    commands()
        .forEach(command ->
            assertTrue(help.out().matches("(?s).*\\n  " + command + " +[A-Z].*"), command));
    assertTrue(help.out().contains("./lacuna train"), help.out());
    Cli nothing = Cli.run();
    assertEquals(2, nothing.code());
    assertEquals(help.out(), nothing.err());
  }

  @Test
  void versionIsOneLine() {
    assertTrue(Cli.run("--version").done().out().matches("lacuna [0-9]\\S*\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "trian                     | 'trian', want one of info, prepare, pretrain, train | lacuna train",
        "train late_fuson          | 'late_fuson'                | late_fusion",
        "train --epoch 3           | '--epoch'                   | --epochs",
        "train --epochs            | --epochs |",
        "train --epochs many       | 'many' is not an int |",
        "train --epochs 3000000000 | '3000000000' is not an int |",
        "train --learning-rate x   | 'x' is not a double |",
        "train --epochs 2 --epochs 3 | '--epochs' |",
        "train --method magic      | '--method' |",
        "train late_fusion --norm fro | '--norm' |",
        "train unimodal_ensemble --fusion magic | [DYNAMIC, FIXED] |",
        "train --fusion magic      | [DYNAMIC, FIXED] |",
        "train --order magic       | [PROJECT_THEN_ABSORB, ABSORB_THEN_PROJECT] |",
        "train --norm magic        | [NONE, FRO] |",
        "train --tier avx9         | [BEST, SCALAR, AVX2, AVX512] |",
        "train smil2               | 'smil2', want one of mla, late_fusion |",
        "train mla smil            | 'smil' |",
        "eval                      | FOLDER |",
        "predict                   | FOLDER |",
        "predict a                 | INPUT |",
        "predict a b --columns=x   | --columns: got 'x' |",
        "train --data=magic        | --data is 'magic', which is neither avmnist nor digits nor |",
        "train --columns=id=key    | --columns is of your own data, --data is avmnist |",
        "train --image-size=9      | --image-size is of your own data |",
        "train --data=. --test-size=9 | --test-size is of avmnist or digits data, --data is . |",
        "train --data=. --image-size=0 | image size is 0, want 1 to 1024 |",
        "train --data=. --audio-rate=-8 | rate -8 |",
        "train --data=. --columns=x | --columns: got 'x' |",
        "eval a b                  | 'b' |",
        "info now                  | 'now' |",
        "help magic                | 'magic' |"
      })
  void aWrongCallIsToldInOneLine(String call, String part, String suggestion) {
    Cli failed = Cli.run(call.split(" +", -1)).failed(2, part);
    assertTrue(failed.err().contains(" --help'."), failed.err());
    assertTrue(failed.err().lines().count() <= 3, failed.err());
    if (suggestion != null) {
      assertTrue(failed.err().contains(suggestion), failed.err());
    }
  }

  @Test
  void infoListsEveryBackEndWithItsReason() {
    var info = Cli.run("info", "--json").json();
    Map<String, BackendProvider> providers =
        Lacuna.providers().stream().collect(Collectors.toMap(BackendProvider::name, p -> p));
    assertEquals(providers.size(), info.path("backends").size());
    info.path("backends")
        .forEach(backend -> {
          Availability availability = providers.get(backend.path("name").asText()).availability();
          assertEquals(availability.usable(), backend.path("usable").asBoolean());
          assertFalse(backend.path("reason").asText().isBlank(), backend.toString());
        });
    assertEquals(OpLayouts.ALL.size(), info.path("ops").asInt());
    String text = Cli.run("info").done().out();
    providers.keySet().forEach(name -> assertTrue(text.contains(name), text));
  }
}
