/** Native back ends of Lacuna over the Foreign Function and Memory API. */
module dev.lacuna.bindings {
  requires dev.lacuna;
  requires static org.jspecify;

  provides dev.lacuna.spi.BackendProvider with
      dev.lacuna.bindings.CpuProvider,
      dev.lacuna.bindings.CudaProvider;
}
