package dev.lacuna.bindings;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds a library's file: first in the folder of the property {@value #FOLDER}, then as a resource
 * of a jar, which is extracted once into the user's cache and found there by every later process.
 * Nothing is ever downloaded.
 */
final class NativeFiles {
  /** A folder that holds liblacuna.so, liblacuna_cuda.so, libdnnl.so.3 and libgomp.so.1. */
  static final String FOLDER = "lacuna.native.dir";

  private final List<String> tried = new ArrayList<>();

  /** What was looked at, in order, each with its outcome. */
  List<String> tried() {
    return List.copyOf(tried);
  }

  /**
   * The folder that holds all the given files of one resource folder, or null.
   *
   * @param resources resource folder without slash at either end
   * @param names file names in it
   */
  @Nullable Path folder(String resources, List<String> names) {
    String property = System.getProperty(FOLDER);
    if (property != null) {
      Path folder = Path.of(property);
      boolean complete = names.stream().allMatch(name -> Files.isRegularFile(folder.resolve(name)));
      tried.add(
          "-D" + FOLDER + "=" + property + (complete ? ": found " : ": lacks one of ") + names);
      if (complete) {
        return folder;
      }
    }
    List<URL> urls = new ArrayList<>();
    for (String name : names) {
      URL url = resource(resources + "/" + name);
      if (url == null) {
        tried.add("resource " + resources + "/" + name + ": not on the class or module path");
        return null;
      }
      urls.add(url);
    }
    try {
      Path folder =
          urls.getFirst().getProtocol().equals("file")
              ? Path.of(URI.create(urls.getFirst().toString())).getParent()
              : extract(urls, names);
      tried.add("resource " + resources + ": " + folder);
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot extract " + resources + ": " + e.getMessage(), e);
    }
  }

  /**
   * A resource of the class path, of a module, or of a jar that only lies on the module path: no
   * module asks for one without classes, so that Java leaves it out.
   */
  private static @Nullable URL resource(String name) {
    URL url = NativeFiles.class.getClassLoader().getResource(name);
    if (url != null) {
      return url;
    }
    try (URLClassLoader jars = new URLClassLoader(modulePath(), null)) {
      return jars.getResource(name);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the module path: " + e.getMessage(), e);
    }
  }

  /** The module path's jars and folders, and the jars in those folders. */
  private static URL[] modulePath() throws IOException {
    List<URL> urls = new ArrayList<>();
    String modulePath = System.getProperty("jdk.module.path");
    if (modulePath == null) {
      return new URL[0];
    }
    for (String entry : modulePath.split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      urls.add(path.toUri().toURL());
      if (Files.isDirectory(path)) {
        try (Stream<Path> inside = Files.list(path)) {
          for (Path jar : inside.filter(file -> file.toString().endsWith(".jar")).toList()) {
            urls.add(jar.toUri().toURL());
          }
        }
      }
    }
    return urls.toArray(URL[]::new);
  }

  /** Folders for what is kept from process to process: the user's cache, else one for a while. */
  static List<Path> roots() {
    return List.of(
        cache(),
        Path.of(System.getProperty("java.io.tmpdir"))
            .resolve("lacuna-" + System.getProperty("user.name")));
  }

  private static Path extract(List<URL> urls, List<String> names) throws IOException {
    IOException failure = null;
    for (Path root : roots()) {
      try {
        return extractInto(root, urls, names);
      } catch (IOException e) {
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
      }
    }
    throw failure == null ? new IOException("no folder to extract to") : failure;
  }

  private static Path cache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    return (xdg == null || xdg.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdg))
        .resolve("lacuna");
  }

  /**
   * The folder's name is a digest of names, sizes and checksums, so that another version never
   * finds this one's files.
   */
  private static Path extractInto(Path root, List<URL> urls, List<String> names)
      throws IOException {
    StringBuilder identity = new StringBuilder();
    long[] sizes = new long[names.size()];
    for (int i = 0; i < sizes.length; i++) {
      JarURLConnection connection = (JarURLConnection) urls.get(i).openConnection();
      JarFile jar = connection.getJarFile();
      JarEntry entry = connection.getJarEntry();
      // A jar whose directory lacks the numbers states -1 until the entry was read.
      sizes[i] = entry.getSize();
      identity.append(names.get(i)).append(' ').append(sizes[i]).append(' ').append(entry.getCrc());
      identity.append(' ').append(jar.size()).append('\n');
    }
    Path folder = root.resolve("natives").resolve(digest(identity.toString()));
    for (int i = 0; i < sizes.length; i++) {
      Path file = folder.resolve(names.get(i));
      if (!isIntact(file, sizes[i])) {
        extract(urls.get(i), file);
      }
    }
    return folder;
  }

  private static boolean isIntact(Path file, long size) throws IOException {
    return Files.isRegularFile(file)
        && Files.size(file) == size
        && Files.getOwner(file).equals(Files.getOwner(file.getParent()));
  }

  /** Reading the entry to its end checks its checksum; the move makes the file appear whole. */
  private static void extract(URL url, Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Path temporary = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
    try {
      try (InputStream in = url.openStream()) {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** SHA-256 of a text, in hexadecimal digits. */
  static String digest(String text) {
    return digest(text.getBytes(StandardCharsets.UTF_8));
  }

  /** SHA-256 of a file, in hexadecimal digits. */
  static String digest(Path file) throws IOException {
    return digest(Files.readAllBytes(file));
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new LacunaException(Status.INTERNAL, "this Java has no SHA-256", e);
    }
  }
}
