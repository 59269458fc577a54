package dev.lacuna.bindings;

import dev.lacuna.OpenOptions;
import dev.lacuna.spi.Backend;

/**
 * The CUDA back end. It has kernels for RLS only so far, so it is never chosen automatically: ask
 * for it by name.
 */
public final class CudaProvider extends NativeProvider {
  /** Another library in place of libcuda.so.1. */
  static final String DRIVER = "lacuna.cuda.driver";

  /** For {@link java.util.ServiceLoader}. */
  public CudaProvider() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int priority() {
    return -10;
  }

  @Override
  String file() {
    return "liblacuna_cuda.so";
  }

  @Override
  void prepare(NativeFiles files) {}

  @Override
  Backend open(NativeLibrary loaded, OpenOptions options) {
    return new NativeBackend(
        name(),
        loaded,
        NativeBackend.MemoryKind.DEVICE,
        loaded.open(0, 0, options.device(), System.getProperty(DRIVER, "")));
  }
}
