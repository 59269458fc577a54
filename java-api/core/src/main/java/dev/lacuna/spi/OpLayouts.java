package dev.lacuna.spi;

import dev.lacuna.DType;
import java.util.List;

/**
 * The op table of {@code lacuna_ops.h}, written by {@code native/tools/op_layouts.cpp}: do not edit.
 */
public final class OpLayouts {
  /** A library of another major version cannot be used. */
  public static final int ABI_MAJOR = 1;

  /** A library of a smaller minor version lacks ops or fields. */
  public static final int ABI_MINOR = 3;

  /** Fields of {@code linear_fwd}, by index. */
  public static final class LinearFwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int O = 2;
    public static final int LD_X = 3;
    public static final int LD_W = 4;
    public static final int LD_Y = 5;
    public static final int X = 6;
    public static final int W = 7;
    public static final int B = 8;
    public static final int Y = 9;

    public static final OpLayout OP =
        new OpLayout(
            "linear_fwd",
            0,
            104,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("o"),
            OpField.stride("ld_x"),
            OpField.stride("ld_w"),
            OpField.stride("ld_y"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.IN, DType.F32, "w", "o", "d", "ld_w"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "b", "1", "o", "o"),
            OpField.tensor(FieldKind.OUT, DType.F32, "y", "n", "o", "ld_y"));

    private LinearFwd() {}
  }

  /** Fields of {@code linear_bwd}, by index. */
  public static final class LinearBwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int O = 2;
    public static final int LD_DY = 3;
    public static final int LD_X = 4;
    public static final int LD_W = 5;
    public static final int LD_DX = 6;
    public static final int LD_DW = 7;
    public static final int ACC_DX = 8;
    public static final int ACC_DW = 9;
    public static final int ACC_DB = 10;
    public static final int DY = 11;
    public static final int X = 12;
    public static final int W = 13;
    public static final int DX = 14;
    public static final int DW = 15;
    public static final int DB = 16;

    public static final OpLayout OP =
        new OpLayout(
            "linear_bwd",
            1,
            160,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("o"),
            OpField.stride("ld_dy"),
            OpField.stride("ld_x"),
            OpField.stride("ld_w"),
            OpField.stride("ld_dx"),
            OpField.stride("ld_dw"),
            OpField.code("acc_dx"),
            OpField.code("acc_dw"),
            OpField.code("acc_db"),
            OpField.tensor(FieldKind.IN, DType.F32, "dy", "n", "o", "ld_dy"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.IN, DType.F32, "w", "o", "d", "ld_w"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dx", "n", "d", "ld_dx"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dw", "o", "d", "ld_dw"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "db", "1", "o", "o"));

    private LinearBwd() {}
  }

  /** Fields of {@code conv2d_fwd}, by index. */
  public static final class Conv2dFwd {
    public static final int N = 0;
    public static final int C_IN = 1;
    public static final int H = 2;
    public static final int W = 3;
    public static final int C_OUT = 4;
    public static final int KH = 5;
    public static final int KW = 6;
    public static final int H_OUT = 7;
    public static final int W_OUT = 8;
    public static final int STRIDE = 9;
    public static final int PAD = 10;
    public static final int X = 11;
    public static final int WEIGHT = 12;
    public static final int BIAS = 13;
    public static final int Y = 14;

    public static final OpLayout OP =
        new OpLayout(
            "conv2d_fwd",
            2,
            144,
            OpField.size("n"),
            OpField.size("c_in"),
            OpField.size("h"),
            OpField.size("w"),
            OpField.size("c_out"),
            OpField.size("kh"),
            OpField.size("kw"),
            OpField.size("h_out"),
            OpField.size("w_out"),
            OpField.code("stride"),
            OpField.code("pad"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n*c_in*h", "w", "w"),
            OpField.tensor(FieldKind.IN, DType.F32, "weight", "c_out*c_in*kh", "kw", "kw"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "bias", "1", "c_out", "c_out"),
            OpField.tensor(FieldKind.OUT, DType.F32, "y", "n*c_out*h_out", "w_out", "w_out"));

    private Conv2dFwd() {}
  }

  /** Fields of {@code conv2d_bwd}, by index. */
  public static final class Conv2dBwd {
    public static final int N = 0;
    public static final int C_IN = 1;
    public static final int H = 2;
    public static final int W = 3;
    public static final int C_OUT = 4;
    public static final int KH = 5;
    public static final int KW = 6;
    public static final int H_OUT = 7;
    public static final int W_OUT = 8;
    public static final int STRIDE = 9;
    public static final int PAD = 10;
    public static final int ACC_DX = 11;
    public static final int ACC_DWEIGHT = 12;
    public static final int ACC_DBIAS = 13;
    public static final int DY = 14;
    public static final int X = 15;
    public static final int WEIGHT = 16;
    public static final int DX = 17;
    public static final int DWEIGHT = 18;
    public static final int DBIAS = 19;

    public static final OpLayout OP =
        new OpLayout(
            "conv2d_bwd",
            3,
            184,
            OpField.size("n"),
            OpField.size("c_in"),
            OpField.size("h"),
            OpField.size("w"),
            OpField.size("c_out"),
            OpField.size("kh"),
            OpField.size("kw"),
            OpField.size("h_out"),
            OpField.size("w_out"),
            OpField.code("stride"),
            OpField.code("pad"),
            OpField.code("acc_dx"),
            OpField.code("acc_dweight"),
            OpField.code("acc_dbias"),
            OpField.tensor(FieldKind.IN, DType.F32, "dy", "n*c_out*h_out", "w_out", "w_out"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n*c_in*h", "w", "w"),
            OpField.tensor(FieldKind.IN, DType.F32, "weight", "c_out*c_in*kh", "kw", "kw"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dx", "n*c_in*h", "w", "w"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dweight", "c_out*c_in*kh", "kw", "kw"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dbias", "1", "c_out", "c_out"));

    private Conv2dBwd() {}
  }

  /** Fields of {@code max_pool2d_fwd}, by index. */
  public static final class MaxPool2dFwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int H = 2;
    public static final int W = 3;
    public static final int H_OUT = 4;
    public static final int W_OUT = 5;
    public static final int K = 6;
    public static final int STRIDE = 7;
    public static final int X = 8;
    public static final int Y = 9;
    public static final int INDEX = 10;

    public static final OpLayout OP =
        new OpLayout(
            "max_pool2d_fwd",
            4,
            112,
            OpField.size("n"),
            OpField.size("c"),
            OpField.size("h"),
            OpField.size("w"),
            OpField.size("h_out"),
            OpField.size("w_out"),
            OpField.code("k"),
            OpField.code("stride"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n*c*h", "w", "w"),
            OpField.tensor(FieldKind.OUT, DType.F32, "y", "n*c*h_out", "w_out", "w_out"),
            OpField.tensor(FieldKind.OUT, DType.I32, "index", "n*c*h_out", "w_out", "w_out"));

    private MaxPool2dFwd() {}
  }

  /** Fields of {@code max_pool2d_bwd}, by index. */
  public static final class MaxPool2dBwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int H = 2;
    public static final int W = 3;
    public static final int H_OUT = 4;
    public static final int W_OUT = 5;
    public static final int ACC_DX = 6;
    public static final int DY = 7;
    public static final int INDEX = 8;
    public static final int DX = 9;

    public static final OpLayout OP =
        new OpLayout(
            "max_pool2d_bwd",
            5,
            104,
            OpField.size("n"),
            OpField.size("c"),
            OpField.size("h"),
            OpField.size("w"),
            OpField.size("h_out"),
            OpField.size("w_out"),
            OpField.code("acc_dx"),
            OpField.tensor(FieldKind.IN, DType.F32, "dy", "n*c*h_out", "w_out", "w_out"),
            OpField.tensor(FieldKind.IN, DType.I32, "index", "n*c*h_out", "w_out", "w_out"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dx", "n*c*h", "w", "w"));

    private MaxPool2dBwd() {}
  }

  /** Fields of {@code elementwise_fwd}, by index. */
  public static final class ElementwiseFwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int Y_N = 2;
    public static final int Y_D = 3;
    public static final int LD_X = 4;
    public static final int LD_Y = 5;
    public static final int LD_OUT = 6;
    public static final int CODE = 7;
    public static final int ALPHA = 8;
    public static final int BETA = 9;
    public static final int X = 10;
    public static final int Y = 11;
    public static final int OUT = 12;

    public static final OpLayout OP =
        new OpLayout(
            "elementwise_fwd",
            6,
            128,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("y_n"),
            OpField.size("y_d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_y"),
            OpField.stride("ld_out"),
            OpField.code("code"),
            OpField.real("alpha"),
            OpField.real("beta"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "y", "y_n", "y_d", "ld_y"),
            OpField.tensor(FieldKind.OUT, DType.F32, "out", "n", "d", "ld_out"));

    private ElementwiseFwd() {}
  }

  /** Fields of {@code elementwise_bwd}, by index. */
  public static final class ElementwiseBwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int Y_N = 2;
    public static final int Y_D = 3;
    public static final int LD_DOUT = 4;
    public static final int LD_X = 5;
    public static final int LD_Y = 6;
    public static final int LD_DX = 7;
    public static final int LD_DY = 8;
    public static final int CODE = 9;
    public static final int ALPHA = 10;
    public static final int BETA = 11;
    public static final int ACC_DX = 12;
    public static final int ACC_DY = 13;
    public static final int DOUT = 14;
    public static final int X = 15;
    public static final int Y = 16;
    public static final int DX = 17;
    public static final int DY = 18;

    public static final OpLayout OP =
        new OpLayout(
            "elementwise_bwd",
            7,
            176,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("y_n"),
            OpField.size("y_d"),
            OpField.stride("ld_dout"),
            OpField.stride("ld_x"),
            OpField.stride("ld_y"),
            OpField.stride("ld_dx"),
            OpField.stride("ld_dy"),
            OpField.code("code"),
            OpField.real("alpha"),
            OpField.real("beta"),
            OpField.code("acc_dx"),
            OpField.code("acc_dy"),
            OpField.tensor(FieldKind.IN, DType.F32, "dout", "n", "d", "ld_dout"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "y", "y_n", "y_d", "ld_y"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dx", "n", "d", "ld_dx"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dy", "y_n", "y_d", "ld_dy"));

    private ElementwiseBwd() {}
  }

  /** Fields of {@code reduce_fwd}, by index. */
  public static final class ReduceFwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int OUT_N = 2;
    public static final int OUT_D = 3;
    public static final int LD_X = 4;
    public static final int LD_OUT = 5;
    public static final int CODE = 6;
    public static final int X = 7;
    public static final int OUT = 8;

    public static final OpLayout OP =
        new OpLayout(
            "reduce_fwd",
            8,
            96,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("out_n"),
            OpField.size("out_d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_out"),
            OpField.code("code"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.OUT, DType.F32, "out", "out_n", "out_d", "ld_out"));

    private ReduceFwd() {}
  }

  /** Fields of {@code reduce_bwd}, by index. */
  public static final class ReduceBwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int OUT_N = 2;
    public static final int OUT_D = 3;
    public static final int LD_DOUT = 4;
    public static final int LD_DX = 5;
    public static final int CODE = 6;
    public static final int ACC_DX = 7;
    public static final int DOUT = 8;
    public static final int DX = 9;

    public static final OpLayout OP =
        new OpLayout(
            "reduce_bwd",
            9,
            104,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("out_n"),
            OpField.size("out_d"),
            OpField.stride("ld_dout"),
            OpField.stride("ld_dx"),
            OpField.code("code"),
            OpField.code("acc_dx"),
            OpField.tensor(FieldKind.IN, DType.F32, "dout", "out_n", "out_d", "ld_dout"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dx", "n", "d", "ld_dx"));

    private ReduceBwd() {}
  }

  /** Fields of {@code softmax_xent_fwd}, by index. */
  public static final class SoftmaxXentFwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_LOGITS = 2;
    public static final int LD_PROB = 3;
    public static final int LOGITS = 4;
    public static final int LABEL = 5;
    public static final int PROB = 6;
    public static final int LOSS = 7;

    public static final OpLayout OP =
        new OpLayout(
            "softmax_xent_fwd",
            10,
            88,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_logits"),
            OpField.stride("ld_prob"),
            OpField.tensor(FieldKind.IN, DType.F32, "logits", "n", "c", "ld_logits"),
            OpField.tensor(FieldKind.IN, DType.I32, "label", "n", "1", "1"),
            OpField.tensor(FieldKind.OUT, DType.F32, "prob", "n", "c", "ld_prob"),
            OpField.tensor(FieldKind.OUT, DType.F32, "loss", "1", "1", "1"));

    private SoftmaxXentFwd() {}
  }

  /** Fields of {@code softmax_xent_bwd}, by index. */
  public static final class SoftmaxXentBwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_PROB = 2;
    public static final int LD_DLOGITS = 3;
    public static final int ACC_DLOGITS = 4;
    public static final int PROB = 5;
    public static final int LABEL = 6;
    public static final int DLOSS = 7;
    public static final int DLOGITS = 8;

    public static final OpLayout OP =
        new OpLayout(
            "softmax_xent_bwd",
            11,
            96,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_prob"),
            OpField.stride("ld_dlogits"),
            OpField.code("acc_dlogits"),
            OpField.tensor(FieldKind.IN, DType.F32, "prob", "n", "c", "ld_prob"),
            OpField.tensor(FieldKind.IN, DType.I32, "label", "n", "1", "1"),
            OpField.tensor(FieldKind.IN, DType.F32, "dloss", "1", "1", "1"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dlogits", "n", "c", "ld_dlogits"));

    private SoftmaxXentBwd() {}
  }

  /** Fields of {@code entropy_fwd}, by index. */
  public static final class EntropyFwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_LOGITS = 2;
    public static final int LOGITS = 3;
    public static final int E = 4;

    public static final OpLayout OP =
        new OpLayout(
            "entropy_fwd",
            12,
            64,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_logits"),
            OpField.tensor(FieldKind.IN, DType.F32, "logits", "n", "c", "ld_logits"),
            OpField.tensor(FieldKind.OUT, DType.F32, "e", "n", "1", "1"));

    private EntropyFwd() {}
  }

  /** Fields of {@code entropy_bwd}, by index. */
  public static final class EntropyBwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_LOGITS = 2;
    public static final int LD_DLOGITS = 3;
    public static final int ACC_DLOGITS = 4;
    public static final int LOGITS = 5;
    public static final int E = 6;
    public static final int DE = 7;
    public static final int DLOGITS = 8;

    public static final OpLayout OP =
        new OpLayout(
            "entropy_bwd",
            13,
            96,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_logits"),
            OpField.stride("ld_dlogits"),
            OpField.code("acc_dlogits"),
            OpField.tensor(FieldKind.IN, DType.F32, "logits", "n", "c", "ld_logits"),
            OpField.tensor(FieldKind.IN, DType.F32, "e", "n", "1", "1"),
            OpField.tensor(FieldKind.IN, DType.F32, "de", "n", "1", "1"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dlogits", "n", "c", "ld_dlogits"));

    private EntropyBwd() {}
  }

  /** Fields of {@code gather_rows}, by index. */
  public static final class GatherRows {
    public static final int N = 0;
    public static final int M = 1;
    public static final int D = 2;
    public static final int LD_X = 3;
    public static final int LD_OUT = 4;
    public static final int ACC_OUT = 5;
    public static final int X = 6;
    public static final int INDEX = 7;
    public static final int OUT = 8;

    public static final OpLayout OP =
        new OpLayout(
            "gather_rows",
            14,
            96,
            OpField.size("n"),
            OpField.size("m"),
            OpField.size("d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_out"),
            OpField.code("acc_out"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "m", "d", "ld_x"),
            OpField.tensor(FieldKind.IN, DType.I32, "index", "n", "1", "1"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "out", "n", "d", "ld_out"));

    private GatherRows() {}
  }

  /** Fields of {@code scatter_rows}, by index. */
  public static final class ScatterRows {
    public static final int N = 0;
    public static final int M = 1;
    public static final int D = 2;
    public static final int LD_X = 3;
    public static final int LD_OUT = 4;
    public static final int ACC_OUT = 5;
    public static final int X = 6;
    public static final int INDEX = 7;
    public static final int OUT = 8;

    public static final OpLayout OP =
        new OpLayout(
            "scatter_rows",
            15,
            96,
            OpField.size("n"),
            OpField.size("m"),
            OpField.size("d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_out"),
            OpField.code("acc_out"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.IN, DType.I32, "index", "n", "1", "1"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "out", "m", "d", "ld_out"));

    private ScatterRows() {}
  }

  /** Fields of {@code sgd_step}, by index. */
  public static final class SgdStep {
    public static final int N = 0;
    public static final int LR = 1;
    public static final int MOMENTUM = 2;
    public static final int DAMPENING = 3;
    public static final int WEIGHT_DECAY = 4;
    public static final int NESTEROV = 5;
    public static final int DECOUPLED = 6;
    public static final int FIRST = 7;
    public static final int W = 8;
    public static final int G = 9;
    public static final int VELOCITY = 10;

    public static final OpLayout OP =
        new OpLayout(
            "sgd_step",
            16,
            112,
            OpField.size("n"),
            OpField.real("lr"),
            OpField.real("momentum"),
            OpField.real("dampening"),
            OpField.real("weight_decay"),
            OpField.code("nesterov"),
            OpField.code("decoupled"),
            OpField.code("first"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "w", "1", "n", "n"),
            OpField.tensor(FieldKind.IN, DType.F32, "g", "1", "n", "n"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "velocity", "1", "n", "n"));

    private SgdStep() {}
  }

  /** Fields of {@code rls_absorb}, by index. */
  public static final class RlsAbsorb {
    public static final int B = 0;
    public static final int S = 1;
    public static final int ROWS = 2;
    public static final int LD_R = 3;
    public static final int LD_FACTOR = 4;
    public static final int FORM = 5;
    public static final int NORM = 6;
    public static final int ALPHA = 7;
    public static final int R = 8;
    public static final int FACTOR = 9;
    public static final int STATE = 10;

    public static final OpLayout OP =
        new OpLayout(
            "rls_absorb",
            17,
            112,
            OpField.size("b"),
            OpField.size("s"),
            OpField.size("rows"),
            OpField.stride("ld_r"),
            OpField.stride("ld_factor"),
            OpField.code("form"),
            OpField.code("norm"),
            OpField.real("alpha"),
            OpField.tensor(FieldKind.IN, DType.F32, "r", "b", "s", "ld_r"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "factor", "rows", "s", "ld_factor"),
            OpField.tensor(FieldKind.INOUT, DType.F64, "state", "1", "2", "2"));

    private RlsAbsorb() {}
  }

  /** Fields of {@code rls_project}, by index. */
  public static final class RlsProject {
    public static final int C = 0;
    public static final int S = 1;
    public static final int N = 2;
    public static final int ROWS = 3;
    public static final int LD_G = 4;
    public static final int LD_E = 5;
    public static final int LD_H = 6;
    public static final int LD_FACTOR = 7;
    public static final int LD_OUT = 8;
    public static final int FORM = 9;
    public static final int SCALE = 10;
    public static final int G = 11;
    public static final int E = 12;
    public static final int H = 13;
    public static final int FACTOR = 14;
    public static final int STATE = 15;
    public static final int OUT = 16;

    public static final OpLayout OP =
        new OpLayout(
            "rls_project",
            18,
            160,
            OpField.size("c"),
            OpField.size("s"),
            OpField.size("n"),
            OpField.size("rows"),
            OpField.stride("ld_g"),
            OpField.stride("ld_e"),
            OpField.stride("ld_h"),
            OpField.stride("ld_factor"),
            OpField.stride("ld_out"),
            OpField.code("form"),
            OpField.real("scale"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "g", "c", "s", "ld_g"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "e", "n", "c", "ld_e"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "h", "n", "s", "ld_h"),
            OpField.tensor(FieldKind.IN, DType.F32, "factor", "rows", "s", "ld_factor"),
            OpField.tensor(FieldKind.IN, DType.F64, "state", "1", "2", "2"),
            OpField.tensor(FieldKind.OUT, DType.F32, "out", "c", "s", "ld_out"));

    private RlsProject() {}
  }

  /** Fields of {@code vq_nearest}, by index. */
  public static final class VqNearest {
    public static final int N = 0;
    public static final int D = 1;
    public static final int K = 2;
    public static final int LD_Z = 3;
    public static final int LD_CODEBOOK = 4;
    public static final int Z = 5;
    public static final int CODEBOOK = 6;
    public static final int INDEX = 7;
    public static final int DISTANCE = 8;

    public static final OpLayout OP =
        new OpLayout(
            "vq_nearest",
            19,
            96,
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("k"),
            OpField.stride("ld_z"),
            OpField.stride("ld_codebook"),
            OpField.tensor(FieldKind.IN, DType.F32, "z", "n", "d", "ld_z"),
            OpField.tensor(FieldKind.IN, DType.F32, "codebook", "k", "d", "ld_codebook"),
            OpField.tensor(FieldKind.OUT, DType.I32, "index", "n", "1", "1"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "distance", "n", "1", "1"));

    private VqNearest() {}
  }

  /** Fields of {@code vicreg}, by index. */
  public static final class Vicreg {
    public static final int N = 0;
    public static final int D = 1;
    public static final int LD_X = 2;
    public static final int LD_Y = 3;
    public static final int LD_DX = 4;
    public static final int LD_DY = 5;
    public static final int LAMBDA = 6;
    public static final int MU = 7;
    public static final int NU = 8;
    public static final int GAMMA = 9;
    public static final int EPSILON = 10;
    public static final int HALVING = 11;
    public static final int FORM = 12;
    public static final int TARGET = 13;
    public static final int ACC_DX = 14;
    public static final int ACC_DY = 15;
    public static final int X = 16;
    public static final int Y = 17;
    public static final int LOSS = 18;
    public static final int TERMS = 19;
    public static final int DX = 20;
    public static final int DY = 21;

    public static final OpLayout OP =
        new OpLayout(
            "vicreg",
            20,
            200,
            OpField.size("n"),
            OpField.size("d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_y"),
            OpField.stride("ld_dx"),
            OpField.stride("ld_dy"),
            OpField.real("lambda"),
            OpField.real("mu"),
            OpField.real("nu"),
            OpField.real("gamma"),
            OpField.real("epsilon"),
            OpField.code("halving"),
            OpField.code("form"),
            OpField.code("target"),
            OpField.code("acc_dx"),
            OpField.code("acc_dy"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.IN, DType.F32, "y", "n", "d", "ld_y"),
            OpField.tensor(FieldKind.OUT, DType.F32, "loss", "1", "1", "1"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "terms", "1", "5", "5"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dx", "n", "d", "ld_dx"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dy", "n", "d", "ld_dy"));

    private Vicreg() {}
  }

  /** Fields of {@code rls_step}, by index. */
  public static final class RlsStep {
    public static final int B = 0;
    public static final int C = 1;
    public static final int S = 2;
    public static final int N = 3;
    public static final int ROWS = 4;
    public static final int LD_R = 5;
    public static final int LD_G = 6;
    public static final int LD_E = 7;
    public static final int LD_H = 8;
    public static final int LD_FACTOR = 9;
    public static final int LD_OUT = 10;
    public static final int FORM = 11;
    public static final int NORM = 12;
    public static final int ORDER = 13;
    public static final int ALPHA = 14;
    public static final int SCALE = 15;
    public static final int R = 16;
    public static final int G = 17;
    public static final int E = 18;
    public static final int H = 19;
    public static final int FACTOR = 20;
    public static final int STATE = 21;
    public static final int OUT = 22;

    public static final OpLayout OP =
        new OpLayout(
            "rls_step",
            21,
            208,
            OpField.size("b"),
            OpField.size("c"),
            OpField.size("s"),
            OpField.size("n"),
            OpField.size("rows"),
            OpField.stride("ld_r"),
            OpField.stride("ld_g"),
            OpField.stride("ld_e"),
            OpField.stride("ld_h"),
            OpField.stride("ld_factor"),
            OpField.stride("ld_out"),
            OpField.code("form"),
            OpField.code("norm"),
            OpField.code("order"),
            OpField.real("alpha"),
            OpField.real("scale"),
            OpField.tensor(FieldKind.IN, DType.F32, "r", "b", "s", "ld_r"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "g", "c", "s", "ld_g"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "e", "n", "c", "ld_e"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "h", "n", "s", "ld_h"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "factor", "rows", "s", "ld_factor"),
            OpField.tensor(FieldKind.INOUT, DType.F64, "state", "1", "2", "2"),
            OpField.tensor(FieldKind.OUT, DType.F32, "out", "c", "s", "ld_out"));

    private RlsStep() {}
  }

  /** Fields of {@code vq_statistics}, by index. */
  public static final class VqStatistics {
    public static final int M = 0;
    public static final int N = 1;
    public static final int D = 2;
    public static final int K = 3;
    public static final int GROUPS = 4;
    public static final int LD_Z = 5;
    public static final int LD_SUM = 6;
    public static final int DECAY = 7;
    public static final int Z = 8;
    public static final int INDEX = 9;
    public static final int COUNT = 10;
    public static final int SUM = 11;
    public static final int PERPLEXITY = 12;

    public static final OpLayout OP =
        new OpLayout(
            "vq_statistics",
            22,
            128,
            OpField.size("m"),
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("k"),
            OpField.size("groups"),
            OpField.stride("ld_z"),
            OpField.stride("ld_sum"),
            OpField.real("decay"),
            OpField.tensor(FieldKind.IN, DType.F32, "z", "m*n", "d", "ld_z"),
            OpField.tensor(FieldKind.IN, DType.I32, "index", "m*n", "1", "1"),
            OpField.tensor(FieldKind.OUT, DType.I32, "count", "m", "k", "k"),
            OpField.tensor(FieldKind.OUT, DType.F32, "sum", "groups*k", "d", "ld_sum"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "perplexity", "m", "1", "1"));

    private VqStatistics() {}
  }

  /** Fields of {@code vq_ema}, by index. */
  public static final class VqEma {
    public static final int M = 0;
    public static final int K = 1;
    public static final int D = 2;
    public static final int GROUPS = 3;
    public static final int LD_SUM = 4;
    public static final int LD_W = 5;
    public static final int LD_CODEBOOK = 6;
    public static final int DECAY = 7;
    public static final int EPSILON = 8;
    public static final int SMOOTHING = 9;
    public static final int COUNT = 10;
    public static final int SUM = 11;
    public static final int C = 12;
    public static final int W = 13;
    public static final int CODEBOOK = 14;

    public static final OpLayout OP =
        new OpLayout(
            "vq_ema",
            23,
            144,
            OpField.size("m"),
            OpField.size("k"),
            OpField.size("d"),
            OpField.size("groups"),
            OpField.stride("ld_sum"),
            OpField.stride("ld_w"),
            OpField.stride("ld_codebook"),
            OpField.real("decay"),
            OpField.real("epsilon"),
            OpField.code("smoothing"),
            OpField.tensor(FieldKind.IN, DType.I32, "count", "m", "k", "k"),
            OpField.tensor(FieldKind.IN, DType.F32, "sum", "groups*k", "d", "ld_sum"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "c", "1", "k", "k"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "w", "k", "d", "ld_w"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "codebook", "k", "d", "ld_codebook"));

    private VqEma() {}
  }

  /** Fields of {@code vq_reset}, by index. */
  public static final class VqReset {
    public static final int M = 0;
    public static final int K = 1;
    public static final int D = 2;
    public static final int LD_W = 3;
    public static final int LD_CODEBOOK = 4;
    public static final int AFTER = 5;
    public static final int RECENT = 6;
    public static final int SEED = 7;
    public static final int STREAM = 8;
    public static final int STEP = 9;
    public static final int NOISE = 10;
    public static final int C_RESET = 11;
    public static final int COUNT = 12;
    public static final int AGE = 13;
    public static final int C = 14;
    public static final int W = 15;
    public static final int CODEBOOK = 16;
    public static final int REPLACED = 17;

    public static final OpLayout OP =
        new OpLayout(
            "vq_reset",
            24,
            168,
            OpField.size("m"),
            OpField.size("k"),
            OpField.size("d"),
            OpField.stride("ld_w"),
            OpField.stride("ld_codebook"),
            OpField.code("after"),
            OpField.code("recent"),
            OpField.code("seed"),
            OpField.code("stream"),
            OpField.code("step"),
            OpField.real("noise"),
            OpField.real("c_reset"),
            OpField.tensor(FieldKind.IN, DType.I32, "count", "m", "k", "k"),
            OpField.tensor(FieldKind.INOUT, DType.I32, "age", "k", "1", "1"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "c", "1", "k", "k"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "w", "k", "d", "ld_w"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "codebook", "k", "d", "ld_codebook"),
            OpField.tensor(FieldKind.OUT, DType.I32, "replaced", "1", "1", "1"));

    private VqReset() {}
  }

  /** Fields of {@code vq_quantize_fwd}, by index. */
  public static final class VqQuantizeFwd {
    public static final int M = 0;
    public static final int N = 1;
    public static final int D = 2;
    public static final int K = 3;
    public static final int LD_Z = 4;
    public static final int LD_CODEBOOK = 5;
    public static final int LD_Q = 6;
    public static final int OWN = 7;
    public static final int CROSS = 8;
    public static final int Z = 9;
    public static final int CODEBOOK = 10;
    public static final int INDEX = 11;
    public static final int Q = 12;
    public static final int LOSS = 13;

    public static final OpLayout OP =
        new OpLayout(
            "vq_quantize_fwd",
            25,
            136,
            OpField.size("m"),
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("k"),
            OpField.stride("ld_z"),
            OpField.stride("ld_codebook"),
            OpField.stride("ld_q"),
            OpField.real("own"),
            OpField.real("cross"),
            OpField.tensor(FieldKind.IN, DType.F32, "z", "n", "d", "ld_z"),
            OpField.tensor(FieldKind.IN, DType.F32, "codebook", "k", "d", "ld_codebook"),
            OpField.tensor(FieldKind.IN, DType.I32, "index", "m", "n", "n"),
            OpField.tensor(FieldKind.OUT, DType.F32, "q", "n", "d", "ld_q"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "loss", "1", "1", "1"));

    private VqQuantizeFwd() {}
  }

  /** Fields of {@code vq_quantize_bwd}, by index. */
  public static final class VqQuantizeBwd {
    public static final int M = 0;
    public static final int N = 1;
    public static final int D = 2;
    public static final int K = 3;
    public static final int LD_DQ = 4;
    public static final int LD_Z = 5;
    public static final int LD_CODEBOOK = 6;
    public static final int LD_DZ = 7;
    public static final int OWN = 8;
    public static final int CROSS = 9;
    public static final int ESTIMATOR = 10;
    public static final int ACC_DZ = 11;
    public static final int DQ = 12;
    public static final int DLOSS = 13;
    public static final int Z = 14;
    public static final int CODEBOOK = 15;
    public static final int INDEX = 16;
    public static final int DZ = 17;

    public static final OpLayout OP =
        new OpLayout(
            "vq_quantize_bwd",
            26,
            168,
            OpField.size("m"),
            OpField.size("n"),
            OpField.size("d"),
            OpField.size("k"),
            OpField.stride("ld_dq"),
            OpField.stride("ld_z"),
            OpField.stride("ld_codebook"),
            OpField.stride("ld_dz"),
            OpField.real("own"),
            OpField.real("cross"),
            OpField.code("estimator"),
            OpField.code("acc_dz"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "dq", "n", "d", "ld_dq"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "dloss", "1", "1", "1"),
            OpField.tensor(FieldKind.IN, DType.F32, "z", "n", "d", "ld_z"),
            OpField.tensor(FieldKind.IN, DType.F32, "codebook", "k", "d", "ld_codebook"),
            OpField.tensor(FieldKind.IN, DType.I32, "index", "m", "n", "n"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dz", "n", "d", "ld_dz"));

    private VqQuantizeBwd() {}
  }

  /** Fields of {@code attention_fwd}, by index. */
  public static final class AttentionFwd {
    public static final int B = 0;
    public static final int H = 1;
    public static final int N = 2;
    public static final int P = 3;
    public static final int D = 4;
    public static final int LD_Q = 5;
    public static final int LD_K = 6;
    public static final int LD_V = 7;
    public static final int LD_OUT = 8;
    public static final int LD_PROMPT_Q = 9;
    public static final int LD_PROMPT_K = 10;
    public static final int LD_PROMPT_V = 11;
    public static final int LD_PROMPT_OUT = 12;
    public static final int PROMPTS = 13;
    public static final int SCALE = 14;
    public static final int Q = 15;
    public static final int K = 16;
    public static final int V = 17;
    public static final int KEY_MASK = 18;
    public static final int PROMPT_Q = 19;
    public static final int PROMPT_K = 20;
    public static final int PROMPT_V = 21;
    public static final int OUT = 22;
    public static final int LSE = 23;
    public static final int PROMPT_OUT = 24;
    public static final int PROMPT_LSE = 25;

    public static final OpLayout OP =
        new OpLayout(
            "attention_fwd",
            27,
            232,
            OpField.size("b"),
            OpField.size("h"),
            OpField.size("n"),
            OpField.size("p"),
            OpField.size("d"),
            OpField.stride("ld_q"),
            OpField.stride("ld_k"),
            OpField.stride("ld_v"),
            OpField.stride("ld_out"),
            OpField.stride("ld_prompt_q"),
            OpField.stride("ld_prompt_k"),
            OpField.stride("ld_prompt_v"),
            OpField.stride("ld_prompt_out"),
            OpField.code("prompts"),
            OpField.real("scale"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "q", "b*n", "h*d", "ld_q"),
            OpField.tensor(FieldKind.IN, DType.F32, "k", "b*n", "h*d", "ld_k"),
            OpField.tensor(FieldKind.IN, DType.F32, "v", "b*n", "h*d", "ld_v"),
            OpField.tensor(FieldKind.OPT_IN, DType.U8, "key_mask", "b", "n", "n"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_q", "b*p", "h*d", "ld_prompt_q"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_k", "b*p", "h*d", "ld_prompt_k"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_v", "b*p", "h*d", "ld_prompt_v"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "out", "b*n", "h*d", "ld_out"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "lse", "b*h", "n", "n"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "prompt_out", "b*p", "h*d", "ld_prompt_out"),
            OpField.tensor(FieldKind.OPT_OUT, DType.F32, "prompt_lse", "b*h", "p", "p"));

    private AttentionFwd() {}
  }

  /** Fields of {@code attention_bwd}, by index. */
  public static final class AttentionBwd {
    public static final int B = 0;
    public static final int H = 1;
    public static final int N = 2;
    public static final int P = 3;
    public static final int D = 4;
    public static final int LD_Q = 5;
    public static final int LD_K = 6;
    public static final int LD_V = 7;
    public static final int LD_PROMPT_Q = 8;
    public static final int LD_PROMPT_K = 9;
    public static final int LD_PROMPT_V = 10;
    public static final int LD_OUT = 11;
    public static final int LD_DOUT = 12;
    public static final int LD_PROMPT_OUT = 13;
    public static final int LD_PROMPT_DOUT = 14;
    public static final int LD_DQ = 15;
    public static final int LD_DK = 16;
    public static final int LD_DV = 17;
    public static final int LD_DPROMPT_Q = 18;
    public static final int LD_DPROMPT_K = 19;
    public static final int LD_DPROMPT_V = 20;
    public static final int PROMPTS = 21;
    public static final int ENCODER_GRAD = 22;
    public static final int SCALE = 23;
    public static final int ACC_DQ = 24;
    public static final int ACC_DK = 25;
    public static final int ACC_DV = 26;
    public static final int ACC_DPROMPT_Q = 27;
    public static final int ACC_DPROMPT_K = 28;
    public static final int ACC_DPROMPT_V = 29;
    public static final int Q = 30;
    public static final int K = 31;
    public static final int V = 32;
    public static final int KEY_MASK = 33;
    public static final int PROMPT_Q = 34;
    public static final int PROMPT_K = 35;
    public static final int PROMPT_V = 36;
    public static final int OUT = 37;
    public static final int LSE = 38;
    public static final int DOUT = 39;
    public static final int PROMPT_OUT = 40;
    public static final int PROMPT_LSE = 41;
    public static final int PROMPT_DOUT = 42;
    public static final int DQ = 43;
    public static final int DK = 44;
    public static final int DV = 45;
    public static final int DPROMPT_Q = 46;
    public static final int DPROMPT_K = 47;
    public static final int DPROMPT_V = 48;

    public static final OpLayout OP =
        new OpLayout(
            "attention_bwd",
            28,
            416,
            OpField.size("b"),
            OpField.size("h"),
            OpField.size("n"),
            OpField.size("p"),
            OpField.size("d"),
            OpField.stride("ld_q"),
            OpField.stride("ld_k"),
            OpField.stride("ld_v"),
            OpField.stride("ld_prompt_q"),
            OpField.stride("ld_prompt_k"),
            OpField.stride("ld_prompt_v"),
            OpField.stride("ld_out"),
            OpField.stride("ld_dout"),
            OpField.stride("ld_prompt_out"),
            OpField.stride("ld_prompt_dout"),
            OpField.stride("ld_dq"),
            OpField.stride("ld_dk"),
            OpField.stride("ld_dv"),
            OpField.stride("ld_dprompt_q"),
            OpField.stride("ld_dprompt_k"),
            OpField.stride("ld_dprompt_v"),
            OpField.code("prompts"),
            OpField.code("encoder_grad"),
            OpField.real("scale"),
            OpField.code("acc_dq"),
            OpField.code("acc_dk"),
            OpField.code("acc_dv"),
            OpField.code("acc_dprompt_q"),
            OpField.code("acc_dprompt_k"),
            OpField.code("acc_dprompt_v"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "q", "b*n", "h*d", "ld_q"),
            OpField.tensor(FieldKind.IN, DType.F32, "k", "b*n", "h*d", "ld_k"),
            OpField.tensor(FieldKind.IN, DType.F32, "v", "b*n", "h*d", "ld_v"),
            OpField.tensor(FieldKind.OPT_IN, DType.U8, "key_mask", "b", "n", "n"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_q", "b*p", "h*d", "ld_prompt_q"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_k", "b*p", "h*d", "ld_prompt_k"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_v", "b*p", "h*d", "ld_prompt_v"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "out", "b*n", "h*d", "ld_out"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "lse", "b*h", "n", "n"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "dout", "b*n", "h*d", "ld_dout"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_out", "b*p", "h*d", "ld_prompt_out"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_lse", "b*h", "p", "p"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "prompt_dout", "b*p", "h*d", "ld_prompt_dout"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dq", "b*n", "h*d", "ld_dq"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dk", "b*n", "h*d", "ld_dk"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dv", "b*n", "h*d", "ld_dv"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dprompt_q", "b*p", "h*d", "ld_dprompt_q"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dprompt_k", "b*p", "h*d", "ld_dprompt_k"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dprompt_v", "b*p", "h*d", "ld_dprompt_v"));

    private AttentionBwd() {}
  }

  /** Fields of {@code layer_norm_fwd}, by index. */
  public static final class LayerNormFwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int LD_X = 2;
    public static final int LD_Y = 3;
    public static final int EPS = 4;
    public static final int X = 5;
    public static final int GAMMA = 6;
    public static final int BETA = 7;
    public static final int Y = 8;
    public static final int MEAN = 9;
    public static final int RSTD = 10;

    public static final OpLayout OP =
        new OpLayout(
            "layer_norm_fwd",
            29,
            112,
            OpField.size("n"),
            OpField.size("d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_y"),
            OpField.real("eps"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "gamma", "1", "d", "d"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "beta", "1", "d", "d"),
            OpField.tensor(FieldKind.OUT, DType.F32, "y", "n", "d", "ld_y"),
            OpField.tensor(FieldKind.OUT, DType.F32, "mean", "n", "1", "1"),
            OpField.tensor(FieldKind.OUT, DType.F32, "rstd", "n", "1", "1"));

    private LayerNormFwd() {}
  }

  /** Fields of {@code layer_norm_bwd}, by index. */
  public static final class LayerNormBwd {
    public static final int N = 0;
    public static final int D = 1;
    public static final int LD_DY = 2;
    public static final int LD_X = 3;
    public static final int LD_DX = 4;
    public static final int ACC_DX = 5;
    public static final int ACC_DGAMMA = 6;
    public static final int ACC_DBETA = 7;
    public static final int DY = 8;
    public static final int X = 9;
    public static final int GAMMA = 10;
    public static final int MEAN = 11;
    public static final int RSTD = 12;
    public static final int DX = 13;
    public static final int DGAMMA = 14;
    public static final int DBETA = 15;

    public static final OpLayout OP =
        new OpLayout(
            "layer_norm_bwd",
            30,
            152,
            OpField.size("n"),
            OpField.size("d"),
            OpField.stride("ld_dy"),
            OpField.stride("ld_x"),
            OpField.stride("ld_dx"),
            OpField.code("acc_dx"),
            OpField.code("acc_dgamma"),
            OpField.code("acc_dbeta"),
            OpField.tensor(FieldKind.IN, DType.F32, "dy", "n", "d", "ld_dy"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "gamma", "1", "d", "d"),
            OpField.tensor(FieldKind.IN, DType.F32, "mean", "n", "1", "1"),
            OpField.tensor(FieldKind.IN, DType.F32, "rstd", "n", "1", "1"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dx", "n", "d", "ld_dx"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dgamma", "1", "d", "d"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dbeta", "1", "d", "d"));

    private LayerNormBwd() {}
  }

  /** Fields of {@code bce_logits_fwd}, by index. */
  public static final class BceLogitsFwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_LOGITS = 2;
    public static final int LD_TARGET = 3;
    public static final int LOGITS = 4;
    public static final int TARGET = 5;
    public static final int LOSS = 6;

    public static final OpLayout OP =
        new OpLayout(
            "bce_logits_fwd",
            31,
            80,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_logits"),
            OpField.stride("ld_target"),
            OpField.tensor(FieldKind.IN, DType.F32, "logits", "n", "c", "ld_logits"),
            OpField.tensor(FieldKind.IN, DType.F32, "target", "n", "c", "ld_target"),
            OpField.tensor(FieldKind.OUT, DType.F32, "loss", "1", "1", "1"));

    private BceLogitsFwd() {}
  }

  /** Fields of {@code bce_logits_bwd}, by index. */
  public static final class BceLogitsBwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_LOGITS = 2;
    public static final int LD_TARGET = 3;
    public static final int LD_DLOGITS = 4;
    public static final int ACC_DLOGITS = 5;
    public static final int LOGITS = 6;
    public static final int TARGET = 7;
    public static final int DLOSS = 8;
    public static final int DLOGITS = 9;

    public static final OpLayout OP =
        new OpLayout(
            "bce_logits_bwd",
            32,
            104,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_logits"),
            OpField.stride("ld_target"),
            OpField.stride("ld_dlogits"),
            OpField.code("acc_dlogits"),
            OpField.tensor(FieldKind.IN, DType.F32, "logits", "n", "c", "ld_logits"),
            OpField.tensor(FieldKind.IN, DType.F32, "target", "n", "c", "ld_target"),
            OpField.tensor(FieldKind.IN, DType.F32, "dloss", "1", "1", "1"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dlogits", "n", "c", "ld_dlogits"));

    private BceLogitsBwd() {}
  }

  /** Fields of {@code adamw_step}, by index. */
  public static final class AdamwStep {
    public static final int N = 0;
    public static final int LR = 1;
    public static final int BETA1 = 2;
    public static final int BETA2 = 3;
    public static final int EPSILON = 4;
    public static final int WEIGHT_DECAY = 5;
    public static final int DECOUPLED = 6;
    public static final int STEP = 7;
    public static final int W = 8;
    public static final int G = 9;
    public static final int M = 10;
    public static final int V = 11;

    public static final OpLayout OP =
        new OpLayout(
            "adamw_step",
            33,
            120,
            OpField.size("n"),
            OpField.real("lr"),
            OpField.real("beta1"),
            OpField.real("beta2"),
            OpField.real("epsilon"),
            OpField.real("weight_decay"),
            OpField.code("decoupled"),
            OpField.code("step"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "w", "1", "n", "n"),
            OpField.tensor(FieldKind.IN, DType.F32, "g", "1", "n", "n"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "m", "1", "n", "n"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "v", "1", "n", "n"));

    private AdamwStep() {}
  }

  /** Fields of {@code softmax_fwd}, by index. */
  public static final class SoftmaxFwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_X = 2;
    public static final int LD_PROB = 3;
    public static final int X = 4;
    public static final int PROB = 5;

    public static final OpLayout OP =
        new OpLayout(
            "softmax_fwd",
            34,
            72,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_x"),
            OpField.stride("ld_prob"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "c", "ld_x"),
            OpField.tensor(FieldKind.OUT, DType.F32, "prob", "n", "c", "ld_prob"));

    private SoftmaxFwd() {}
  }

  /** Fields of {@code softmax_bwd}, by index. */
  public static final class SoftmaxBwd {
    public static final int N = 0;
    public static final int C = 1;
    public static final int LD_PROB = 2;
    public static final int LD_DPROB = 3;
    public static final int LD_DX = 4;
    public static final int ACC_DX = 5;
    public static final int PROB = 6;
    public static final int DPROB = 7;
    public static final int DX = 8;

    public static final OpLayout OP =
        new OpLayout(
            "softmax_bwd",
            35,
            96,
            OpField.size("n"),
            OpField.size("c"),
            OpField.stride("ld_prob"),
            OpField.stride("ld_dprob"),
            OpField.stride("ld_dx"),
            OpField.code("acc_dx"),
            OpField.tensor(FieldKind.IN, DType.F32, "prob", "n", "c", "ld_prob"),
            OpField.tensor(FieldKind.IN, DType.F32, "dprob", "n", "c", "ld_dprob"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "dx", "n", "c", "ld_dx"));

    private SoftmaxBwd() {}
  }

  /** Fields of {@code dropout}, by index. */
  public static final class Dropout {
    public static final int N = 0;
    public static final int D = 1;
    public static final int LD_X = 2;
    public static final int LD_OUT = 3;
    public static final int SEED = 4;
    public static final int STREAM = 5;
    public static final int STEP = 6;
    public static final int P = 7;
    public static final int ACC_OUT = 8;
    public static final int X = 9;
    public static final int OUT = 10;

    public static final OpLayout OP =
        new OpLayout(
            "dropout",
            36,
            112,
            OpField.size("n"),
            OpField.size("d"),
            OpField.stride("ld_x"),
            OpField.stride("ld_out"),
            OpField.code("seed"),
            OpField.code("stream"),
            OpField.code("step"),
            OpField.real("p"),
            OpField.code("acc_out"),
            OpField.tensor(FieldKind.IN, DType.F32, "x", "n", "d", "ld_x"),
            OpField.tensor(FieldKind.INOUT, DType.F32, "out", "n", "d", "ld_out"));

    private Dropout() {}
  }

  /** Fields of {@code lstm_fwd}, by index. */
  public static final class LstmFwd {
    public static final int T = 0;
    public static final int B = 1;
    public static final int D = 2;
    public static final int LD_GATES_X = 3;
    public static final int LD_W_HH = 4;
    public static final int LD_H = 5;
    public static final int REVERSE = 6;
    public static final int GATES_X = 7;
    public static final int W_HH = 8;
    public static final int H0 = 9;
    public static final int C0 = 10;
    public static final int H = 11;
    public static final int C = 12;
    public static final int GATES = 13;

    public static final OpLayout OP =
        new OpLayout(
            "lstm_fwd",
            37,
            136,
            OpField.size("t"),
            OpField.size("b"),
            OpField.size("d"),
            OpField.stride("ld_gates_x"),
            OpField.stride("ld_w_hh"),
            OpField.stride("ld_h"),
            OpField.code("reverse"),
            OpField.tensor(FieldKind.IN, DType.F32, "gates_x", "t*b", "4*d", "ld_gates_x"),
            OpField.tensor(FieldKind.IN, DType.F32, "w_hh", "4*d", "d", "ld_w_hh"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "h0", "b", "d", "d"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "c0", "b", "d", "d"),
            OpField.tensor(FieldKind.OUT, DType.F32, "h", "t*b", "d", "ld_h"),
            OpField.tensor(FieldKind.OUT, DType.F32, "c", "t*b", "d", "d"),
            OpField.tensor(FieldKind.OUT, DType.F32, "gates", "t*b", "4*d", "4*d"));

    private LstmFwd() {}
  }

  /** Fields of {@code lstm_bwd}, by index. */
  public static final class LstmBwd {
    public static final int T = 0;
    public static final int B = 1;
    public static final int D = 2;
    public static final int LD_DH = 3;
    public static final int LD_W_HH = 4;
    public static final int LD_H = 5;
    public static final int LD_DGATES_X = 6;
    public static final int LD_DW_HH = 7;
    public static final int REVERSE = 8;
    public static final int ACC_DGATES_X = 9;
    public static final int ACC_DW_HH = 10;
    public static final int ACC_DH0 = 11;
    public static final int ACC_DC0 = 12;
    public static final int DH = 13;
    public static final int DC = 14;
    public static final int W_HH = 15;
    public static final int H0 = 16;
    public static final int C0 = 17;
    public static final int H = 18;
    public static final int C = 19;
    public static final int GATES = 20;
    public static final int DGATES_X = 21;
    public static final int DW_HH = 22;
    public static final int DH0 = 23;
    public static final int DC0 = 24;

    public static final OpLayout OP =
        new OpLayout(
            "lstm_bwd",
            38,
            224,
            OpField.size("t"),
            OpField.size("b"),
            OpField.size("d"),
            OpField.stride("ld_dh"),
            OpField.stride("ld_w_hh"),
            OpField.stride("ld_h"),
            OpField.stride("ld_dgates_x"),
            OpField.stride("ld_dw_hh"),
            OpField.code("reverse"),
            OpField.code("acc_dgates_x"),
            OpField.code("acc_dw_hh"),
            OpField.code("acc_dh0"),
            OpField.code("acc_dc0"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "dh", "t*b", "d", "ld_dh"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "dc", "t*b", "d", "d"),
            OpField.tensor(FieldKind.IN, DType.F32, "w_hh", "4*d", "d", "ld_w_hh"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "h0", "b", "d", "d"),
            OpField.tensor(FieldKind.OPT_IN, DType.F32, "c0", "b", "d", "d"),
            OpField.tensor(FieldKind.IN, DType.F32, "h", "t*b", "d", "ld_h"),
            OpField.tensor(FieldKind.IN, DType.F32, "c", "t*b", "d", "d"),
            OpField.tensor(FieldKind.IN, DType.F32, "gates", "t*b", "4*d", "4*d"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dgates_x", "t*b", "4*d", "ld_dgates_x"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dw_hh", "4*d", "d", "ld_dw_hh"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dh0", "b", "d", "d"),
            OpField.tensor(FieldKind.OPT_INOUT, DType.F32, "dc0", "b", "d", "d"));

    private LstmBwd() {}
  }

  /** All ops, ascending by id. */
  public static final List<OpLayout> ALL =
      List.of(
          LinearFwd.OP,
          LinearBwd.OP,
          Conv2dFwd.OP,
          Conv2dBwd.OP,
          MaxPool2dFwd.OP,
          MaxPool2dBwd.OP,
          ElementwiseFwd.OP,
          ElementwiseBwd.OP,
          ReduceFwd.OP,
          ReduceBwd.OP,
          SoftmaxXentFwd.OP,
          SoftmaxXentBwd.OP,
          EntropyFwd.OP,
          EntropyBwd.OP,
          GatherRows.OP,
          ScatterRows.OP,
          SgdStep.OP,
          RlsAbsorb.OP,
          RlsProject.OP,
          VqNearest.OP,
          Vicreg.OP,
          RlsStep.OP,
          VqStatistics.OP,
          VqEma.OP,
          VqReset.OP,
          VqQuantizeFwd.OP,
          VqQuantizeBwd.OP,
          AttentionFwd.OP,
          AttentionBwd.OP,
          LayerNormFwd.OP,
          LayerNormBwd.OP,
          BceLogitsFwd.OP,
          BceLogitsBwd.OP,
          AdamwStep.OP,
          SoftmaxFwd.OP,
          SoftmaxBwd.OP,
          Dropout.OP,
          LstmFwd.OP,
          LstmBwd.OP);

  private OpLayouts() {}
}
