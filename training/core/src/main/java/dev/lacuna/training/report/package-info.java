/** Run folders, result files and tables. */
@NullMarked
package dev.lacuna.training.report;

import org.jspecify.annotations.NullMarked;
