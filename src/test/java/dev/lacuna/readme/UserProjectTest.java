package dev.lacuna.readme;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program of one's own, with the jars that the README names and no other. */
class UserProjectTest {
  private static final List<String> JARS =
      List.of(
          "lacuna-core",
          "lacuna-bindings",
          "lacuna-native",
          "dnnl",
          "jackson-databind",
          "jackson-core",
          "jackson-annotations",
          "protobuf-java",
          "jspecify");
  private static final String MODULE = "module example { requires dev.lacuna; }";
  private static final String PROGRAM =
      """
      package example;

      import dev.lacuna.Device;
      import dev.lacuna.Lacuna;
      import dev.lacuna.kernels.VqNearest;

      final class Main {
        public static void main(String[] arguments) {
          try (var context = Lacuna.open(Device.cpu())) {
            int[] index = new int[1];
            VqNearest.search(context, new float[] {2.2f}, 1, 1, new float[] {0, 1, 2}, 3, index, null);
            System.out.println(context.backend() + " " + index[0]);
          }
        }
      }
      """;

  @TempDir private Path folder;

  private static String jars() {
    return JARS.stream().map(UserProjectTest::jar).collect(Collectors.joining(File.pathSeparator));
  }

  private static String jar(String name) {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> Path.of(entry).getFileName().toString().startsWith(name + "-"))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not among the jars of the tests"));
  }

  private String classes() {
    return folder.resolve("classes").toString();
  }

  /** Without a warning. */
  private void compile(String pathOption, String... sources) throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of(pathOption, jars(), "-d", classes(), "-Xlint:all", "-Werror"));
    for (int i = 0; i < sources.length; i += 2) {
      Path file = folder.resolve(sources[i]);
      arguments.add(Files.writeString(file, sources[i + 1]).toString());
    }
    assertEquals("", run("javac", arguments.toArray(String[]::new)));
  }

  private String run(String tool, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.addFirst(Path.of(System.getProperty("java.home"), "bin", tool).toString());
    Path errors = folder.resolve("errors.txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder.environment().remove("CLASSPATH");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), Files.readString(errors));
    return output;
  }

  @Test
  void compilesAndFindsTheNativeLibrariesOnTheModulePath() throws Exception {
    compile("--module-path", "module-info.java", MODULE, "Main.java", PROGRAM);
    String output =
        run(
            "java",
            "--module-path",
            classes() + File.pathSeparator + jars(),
            "--enable-native-access=dev.lacuna.bindings",
            "--module",
            "example/example.Main");
    assertEquals("cpu 2\n", output);
  }

  @Test
  void compilesAndFindsTheNativeLibrariesOnTheClassPath() throws Exception {
    compile("--class-path", "Main.java", PROGRAM);
    String output =
        run(
            "java",
            "--class-path",
            classes() + File.pathSeparator + jars(),
            "--enable-native-access=ALL-UNNAMED",
            "example.Main");
    assertEquals("cpu 2\n", output);
  }
}
