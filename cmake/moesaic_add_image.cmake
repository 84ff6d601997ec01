# SPDX-License-Identifier: Apache-2.0
# moesaic_add_image(NAME SOURCE...)
#
# A firmware image: the loadable library NAME.so in the current binary directory. REQUIRES: the targets
# moesaic::sdk and moesaic::firmware_lib. Everything but the entry point is hidden, so that two images in one
# process cannot meet; exceptions do not cross the boundary because the SDK's face catches them
# (moesaic/sdk/image.h). An image must be complete: a missing symbol is an error of the link, not of the load.
function(moesaic_add_image name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE moesaic::firmware_lib)
  target_compile_features(${name} PRIVATE cxx_std_17)
  target_compile_options(${name} PRIVATE -ffp-contract=off ${MOESAIC_SANITIZER_FLAGS})
  target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL ${MOESAIC_SANITIZER_FLAGS})
  if(NOT MOESAIC_SANITIZER_FLAGS)  # the sanitizers' own symbols are in the program
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .so POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
