/**
 * What every back end owes: the same ops, values, gradients, errors and lifetimes.
 *
 * <p>Read {@link dev.lacuna.contract.OpCases} first: it is the table that the other classes walk
 * through.
 */
@NullMarked
package dev.lacuna.contract;

import org.jspecify.annotations.NullMarked;
