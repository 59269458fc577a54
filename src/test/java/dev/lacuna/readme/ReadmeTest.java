package dev.lacuna.readme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's programs run as they stand. */
class ReadmeTest {
  private static List<String> programs = List.of();

  @BeforeAll
  static void extractPrograms() throws IOException {
    Path readme = Path.of("..", "..", "README.md");
    programs =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(readme))
            .results()
            .map((MatchResult found) -> found.group(1))
            .toList();
  }

  private static String run(Path folder, String program) throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve("Program.java"), program);
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--class-path",
                System.getProperty("java.class.path"),
                "--enable-native-access=ALL-UNNAMED",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, java.waitFor(), output);
    return output;
  }

  @Test
  void kernelsWithoutTape(@TempDir Path folder) throws IOException, InterruptedException {
    String output = run(folder, programs.get(0));
    assertTrue(output.matches("(?s).*0\\.0099\\d* 2\\.0\n.*"), output);
    assertTrue(output.contains("1 2\n"), output);
    assertTrue(output.matches("(?s).*\n14\\.64\\d* 17\\.67\\d*\n.*"), output);
    assertTrue(output.endsWith("3.0 3.0\n"), output);
  }

  @Test
  void tapeLayersAndOptimiser(@TempDir Path folder) throws IOException, InterruptedException {
    String output = run(folder, programs.get(1));
    double loss = Double.parseDouble(output.substring(output.lastIndexOf("loss ") + 5).strip());
    assertTrue(loss < 0.05, output);
  }

  @Test
  void thereAreNoOtherPrograms() {
    assertEquals(2, programs.size());
  }
}
