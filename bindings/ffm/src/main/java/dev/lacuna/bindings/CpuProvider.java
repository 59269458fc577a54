package dev.lacuna.bindings;

import dev.lacuna.LacunaException;
import dev.lacuna.OpenOptions;
import dev.lacuna.Status;
import dev.lacuna.spi.Backend;
import java.nio.file.Path;
import java.util.List;

/** The CPU back end: hand-written SIMD kernels, oneDNN for matrix products and convolution. */
public final class CpuProvider extends NativeProvider {
  private static final String ONEDNN = "org/bytedeco/dnnl/linux-x86_64";
  private String oneDnnFolder = "";

  /** For {@link java.util.ServiceLoader}. */
  public CpuProvider() {}

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int priority() {
    return 10;
  }

  @Override
  String file() {
    return "liblacuna.so";
  }

  @Override
  void prepare(NativeFiles files) {
    Path folder = files.folder(ONEDNN, List.of("libgomp.so.1", "libdnnl.so.3"));
    if (folder == null) {
      throw new LacunaException(
          Status.UNSUPPORTED,
          "oneDNN was not found: put org.bytedeco:dnnl (linux-x86_64) on the path or set -D"
              + NativeFiles.FOLDER);
    }
    oneDnnFolder = folder.toString();
  }

  @Override
  Backend open(NativeLibrary loaded, OpenOptions options) {
    return new NativeBackend(
        name(),
        loaded,
        NativeBackend.MemoryKind.HOST,
        loaded.open(options.tier().code(), options.threads(), 0, oneDnnFolder));
  }
}
