package dev.lacuna.spi;

import java.util.ArrayList;
import java.util.List;

/**
 * How the arguments of one op lie in memory, and how large its tensors are.
 *
 * <p>A struct begins with struct_size, flags, workspace and workspace_bytes (24 bytes); field i
 * lies at 24 + 8 i.
 */
public final class OpLayout {
  /** Offset of the first field in bytes. */
  public static final int FIRST_FIELD = 24;

  private final String name;
  private final int id;
  private final int structSize;
  private final List<OpField> fields;
  private final Product[] rows;
  private final Product[] cols;
  private final Product[] strides;

  OpLayout(String name, int id, int structSize, OpField... fields) {
    this.name = name;
    this.id = id;
    this.structSize = structSize;
    this.fields = List.of(fields);
    rows = new Product[fields.length];
    cols = new Product[fields.length];
    strides = new Product[fields.length];
    for (int i = 0; i < fields.length; i++) {
      rows[i] = product(fields[i].rows());
      cols[i] = product(fields[i].cols());
      strides[i] = product(fields[i].stride());
    }
  }

  /** A whole number times fields. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Product(long number, int[] factors) {
    long of(long[] values) {
      long product = number;
      for (int factor : factors) {
        product = Math.multiplyExact(product, values[factor]);
      }
      return product;
    }
  }

  private Product product(String text) {
    long number = 1;
    List<Integer> factors = new ArrayList<>();
    for (String factor : text.isEmpty() ? new String[0] : text.split("\\*", -1)) {
      if (Character.isDigit(factor.charAt(0))) {
        number = Math.multiplyExact(number, Long.parseLong(factor));
      } else {
        factors.add(index(factor));
      }
    }
    return new Product(number, factors.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Name as in the C ABI, for example {@code linear_fwd}. */
  public String name() {
    return name;
  }

  /** Position in the op table. */
  public int id() {
    return id;
  }

  /** Size of the C argument struct in bytes. */
  public int structSize() {
    return structSize;
  }

  /** The fields in order. */
  public List<OpField> fields() {
    return fields;
  }

  /** Index of a field by name; an unknown name is an error. */
  public int index(String field) {
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).name().equals(field)) {
        return i;
      }
    }
    throw new IllegalArgumentException(name + " has no field " + field);
  }

  /**
   * Rows of tensor {@code field} under the given scalar values; throws ArithmeticException past
   * 2^63.
   */
  public long rows(int field, long[] values) {
    return rows[field].of(values);
  }

  /** Columns of tensor {@code field}. */
  public long cols(int field, long[] values) {
    return cols[field].of(values);
  }

  /** Elements between two rows of tensor {@code field}. */
  public long stride(int field, long[] values) {
    return strides[field].of(values);
  }

  @Override
  public String toString() {
    return name;
  }
}
