package dev.lacuna.benchmarks.peers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.benchmarks.Commands;
import dev.lacuna.benchmarks.Effort;
import dev.lacuna.benchmarks.Entry;
import dev.lacuna.benchmarks.Peer;
import dev.lacuna.benchmarks.Spread;
import dev.lacuna.benchmarks.VqSearchWork;
import dev.lacuna.benchmarks.Workload;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * FAISS's flat index in a Python of its own, where Debian's python3-faiss is installed. It times
 * itself, so starting Python and reading files do not count. Debian links it to whatever BLAS is
 * installed, by default one twenty times slower; it gets libtorch's OpenBLAS.
 */
public final class Faiss implements Peer {
  private static final String PYTHON = "/usr/bin/python3";
  private static final List<String> BLAS =
      List.of("libopenblas.so.0", "libgfortran.so.5", "libquadmath.so.0", "libgcc_s.so.1");

  /** For {@link java.util.ServiceLoader}. */
  public Faiss() {}

  @Override
  public String describe() {
    try {
      return "FAISS "
          + Commands.json(
                  List.of(
                      PYTHON,
                      "-c",
                      "import faiss; print('\"' + faiss.__version__ + ', '"
                          + " + faiss.get_compile_options().strip() + '\"')"))
              .asText()
          + ", with OpenBLAS 0.3.31";
    } catch (IllegalStateException | UncheckedIOException e) {
      return "FAISS takes no part: install python3-faiss";
    }
  }

  @Override
  public List<Entry> entries(Workload workload, Terms terms) {
    // it has no way to be held to AVX2; Debian's is built without
    if (!(workload instanceof VqSearchWork search) || describe().contains("takes no part")) {
      return List.of();
    }
    List<Entry> entries = new ArrayList<>();
    entries.add(new IndexFlat(search, terms, 1));
    if (terms.threads() > 1) {
      entries.add(new IndexFlat(search, terms, terms.threads()));
    }
    return entries;
  }

  private record IndexFlat(VqSearchWork work, Terms terms, int blasThreads) implements Entry {
    @Override
    public String peer() {
      return "FAISS";
    }

    @Override
    public String form() {
      return "IndexFlatL2 " + terms.threads() + "/" + blasThreads;
    }

    @Override
    public boolean usual() {
      return false;
    }

    @Override
    public String settings() {
      return "OMP_NUM_THREADS=" + terms.threads() + " OPENBLAS_NUM_THREADS=" + blasThreads;
    }

    @Override
    public Sample measure(Effort effort) {
      try {
        Path folder = Files.createTempDirectory("lacuna-faiss");
        Path script = folder.resolve("faiss_search.py");
        Path z = folder.resolve("z");
        Path codebook = folder.resolve("codebook");
        Path index = folder.resolve("index");
        try {
          try (InputStream source = Faiss.class.getResourceAsStream("faiss_search.py")) {
            Files.write(script, source.readAllBytes());
          }
          write(z, work.z);
          write(codebook, work.codebook);
          List<String> command =
              List.of(
                  PYTHON,
                  script.toString(),
                  z.toString(),
                  codebook.toString(),
                  index.toString(),
                  Integer.toString(work.d),
                  Integer.toString(effort.warmup()),
                  Integer.toString(effort.measured()));
          JsonNode found = Commands.json(command, environment());
          List<Double> milliseconds = new ArrayList<>();
          found.path("milliseconds").forEach(time -> milliseconds.add(time.asDouble()));
          float[] indices =
              MemorySegment.ofArray(Files.readAllBytes(index))
                  .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
          return new Sample(Spread.of(milliseconds), indices, found.path("facts").asText());
        } finally {
          for (Path file : List.of(script, z, codebook, index, folder)) {
            Files.deleteIfExists(file);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private Map<String, String> environment() throws IOException {
      Path libraries = openBlas();
      Map<String, String> environment = new LinkedHashMap<>();
      environment.put("OMP_NUM_THREADS", Integer.toString(terms.threads()));
      environment.put("OPENBLAS_NUM_THREADS", Integer.toString(blasThreads));
      environment.put("LD_LIBRARY_PATH", libraries.toString());
      environment.put("LD_PRELOAD", libraries.resolve(BLAS.getFirst()).toString());
      if (terms.avx2()) {
        environment.put("OPENBLAS_CORETYPE", "Haswell");
      }
      return environment;
    }

    private static Path openBlas() throws IOException {
      Path folder = Files.createDirectories(Caches.folder("openblas"));
      for (String name : BLAS) {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
          String resource = "/org/bytedeco/openblas/linux-x86_64/" + name;
          try (InputStream library = Faiss.class.getResourceAsStream(resource)) {
            Path part = folder.resolve(name + ".part");
            Files.copy(library, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
          }
        }
      }
      return folder;
    }

    private static void write(Path file, MemorySegment floats) throws IOException {
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        channel.write(floats.asByteBuffer());
      }
    }
  }
}
