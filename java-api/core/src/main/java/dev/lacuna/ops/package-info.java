/**
 * One class per op: shape rule, forward call, gradient rule. The mathematics stands in {@code
 * dev.lacuna.reference.f64}.
 */
@NullMarked
package dev.lacuna.ops;

import org.jspecify.annotations.NullMarked;
