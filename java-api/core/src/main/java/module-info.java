/**
 * Lacuna: learning from several modalities of which some may be missing. Pure Java; native back
 * ends plug in.
 */
module dev.lacuna {
  requires com.fasterxml.jackson.databind;
  requires com.google.protobuf;
  requires static transitive org.jspecify;

  exports dev.lacuna;
  exports dev.lacuna.autograd;
  exports dev.lacuna.io;
  exports dev.lacuna.kernels;
  exports dev.lacuna.multimodal;
  exports dev.lacuna.multimodal.cmg;
  exports dev.lacuna.multimodal.mla;
  exports dev.lacuna.multimodal.mmp;
  exports dev.lacuna.nn;
  exports dev.lacuna.ops;
  exports dev.lacuna.optim;
  exports dev.lacuna.spi;

  uses dev.lacuna.spi.BackendProvider;
}
