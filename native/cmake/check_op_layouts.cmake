# Fails when the checked-in OpLayouts.java is not what the op table generates. ROOT is the top of the sources.
set(checked_in java-api/core/src/main/java/dev/lacuna/spi/OpLayouts.java)
execute_process(COMMAND "${GENERATOR}" OUTPUT_VARIABLE wanted COMMAND_ERROR_IS_FATAL ANY)
set(found "")
if(EXISTS "${ROOT}/${checked_in}")
  file(READ "${ROOT}/${checked_in}" found)
endif()
if(NOT found STREQUAL wanted)
  message(FATAL_ERROR "OpLayouts.java does not match the op table. Regenerate it:\n"
                      "  native/target/native/op_layouts > ${checked_in}")
endif()
