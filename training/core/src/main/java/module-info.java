/** Data sets, reference training loops, metrics and the command line. */
module dev.lacuna.training {
  requires transitive dev.lacuna;
  requires ai.djl.api;
  requires ai.djl.tokenizers;
  requires com.fasterxml.jackson.annotation;
  requires com.fasterxml.jackson.databind;
  requires com.ibm.icu;
  requires commons.math3;
  requires info.picocli;
  requires java.desktop;
  requires me.tongfei.progressbar;
  requires org.apache.commons.compress;
  requires org.apache.commons.csv;
  requires org.slf4j; // of DJL, whose jars are no modules and name none
  requires xchart;
  requires static transitive org.jspecify;

  exports dev.lacuna.training.audio;
  exports dev.lacuna.training.baseline;
  exports dev.lacuna.training.cmg;
  exports dev.lacuna.training.compare;
  exports dev.lacuna.training.data;
  exports dev.lacuna.training.data.emoji;
  exports dev.lacuna.training.data.own;
  exports dev.lacuna.training.encoder;
  exports dev.lacuna.training.loop;
  exports dev.lacuna.training.metrics;
  exports dev.lacuna.training.mla;
  exports dev.lacuna.training.mmp;
  exports dev.lacuna.training.pretrain;
  exports dev.lacuna.training.progress;
  exports dev.lacuna.training.report;
  exports dev.lacuna.training.system;
  exports dev.lacuna.training.text;

  opens dev.lacuna.training.cli to
      info.picocli;
  opens dev.lacuna.training.compare to
      com.fasterxml.jackson.databind;
}
