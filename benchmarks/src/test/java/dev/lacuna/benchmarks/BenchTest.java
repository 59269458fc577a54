package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class BenchTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tier SCALAR  | want BEST or AVX2",
        "--tier magic   | --tier",
        "--rows (       | --rows",
        "--threads -1   | want 1 to",
        "--device gpu   | want cpu, or cuda",
        "--device cuda --threads 2 | with none of",
        "--fast         | --fast",
        "vq             | vq"
      })
  void aWrongCallIsToldWithTheWayToHelp(String call, String part) {
    StringWriter err = new StringWriter();
    CommandLine command = Bench.commandLine().setErr(new PrintWriter(err));
    assertEquals(2, command.execute(call.split(" ", -1)));
    assertTrue(err.toString().contains(part), err.toString());
    assertTrue(err.toString().contains("bench --help"), err.toString());
  }

  @Test
  void helpNamesEveryOptionAndFitsATerminal() {
    StringWriter out = new StringWriter();
    CommandLine command = Bench.commandLine().setOut(new PrintWriter(out));
    assertEquals(0, command.execute("--help"));
    command
        .getCommandSpec()
        .options()
        .forEach(option -> assertTrue(out.toString().contains(option.longestName())));
    assertTrue(out.toString().lines().allMatch(line -> line.length() <= 80), out.toString());
    assertTrue(out.toString().contains("Examples:"));
  }
}
