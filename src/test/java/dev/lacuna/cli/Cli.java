package dev.lacuna.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.training.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;

/**
 * One call of the command line, in this process.
 *
 * @param call the arguments
 * @param code exit code
 * @param out standard output
 * @param err standard error, without progress and log
 */
record Cli(List<String> call, int code, String out, String err) {
  static Cli run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = commandLine.execute(Main.completed(commandLine, arguments));
    return new Cli(List.of(arguments), code, out.toString(), err.toString());
  }

  /** Arguments with more at their end. */
  static String[] and(String[] arguments, String... more) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.addAll(Arrays.asList(more));
    return all.toArray(String[]::new);
  }

  /** It went well. */
  Cli done() {
    assertEquals(0, code, this::toString);
    return this;
  }

  /** It failed with a code and with one line that says all of this, without a stack trace. */
  Cli failed(int wanted, String... parts) {
    assertEquals(wanted, code, this::toString);
    List<String> said = err.lines().filter(line -> line.startsWith("lacuna: ")).toList();
    assertEquals(1, said.size(), this::toString);
    for (String part : parts) {
      assertTrue(said.getFirst().contains(part), () -> "no '" + part + "' in " + this);
    }
    assertFalse(err.contains("\tat "), this::toString);
    assertFalse(err.contains("this is a bug"), this::toString);
    assertEquals("", out);
    return this;
  }

  /** Standard output, which must be one JSON document. */
  JsonNode json() {
    try {
      return new ObjectMapper().readTree(done().out);
    } catch (JsonProcessingException e) {
      throw new AssertionError("not JSON: " + out, e);
    }
  }
}
