# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` gives, and the same layout inside the build, so that the program and find_package(moesaic)
# find everything relative to themselves in both:
#
#   bin/moesaic   lib/moesaic/images/*.so   lib/libmoesaic_firmware_lib.a   lib/cmake/moesaic/
#   include/moesaic/   share/moesaic/platforms   share/moesaic/template   share/doc/moesaic
include(CMakePackageConfigHelpers)

# --- the build: links to the sources
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include ${CMAKE_BINARY_DIR}/share/moesaic)
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/firmware ${CMAKE_BINARY_DIR}/include/moesaic SYMBOLIC)
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/platforms ${CMAKE_BINARY_DIR}/share/moesaic/platforms SYMBOLIC)
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/firmware/template ${CMAKE_BINARY_DIR}/share/moesaic/template SYMBOLIC)

# --- the CMake package
set(package_dir lib/cmake/moesaic)
configure_package_config_file(cmake/moesaicConfig.cmake.in ${CMAKE_BINARY_DIR}/${package_dir}/moesaicConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/${package_dir}/moesaicConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
configure_file(cmake/moesaic_add_image.cmake ${CMAKE_BINARY_DIR}/${package_dir}/moesaic_add_image.cmake COPYONLY)
export(TARGETS moesaic_sdk moesaic_firmware_lib NAMESPACE moesaic::
  FILE ${CMAKE_BINARY_DIR}/${package_dir}/moesaicTargets.cmake)
install(TARGETS moesaic_sdk moesaic_firmware_lib EXPORT moesaicTargets ARCHIVE DESTINATION lib)
install(EXPORT moesaicTargets NAMESPACE moesaic:: DESTINATION ${package_dir})
install(FILES ${CMAKE_BINARY_DIR}/${package_dir}/moesaicConfig.cmake
  ${CMAKE_BINARY_DIR}/${package_dir}/moesaicConfigVersion.cmake cmake/moesaic_add_image.cmake
  DESTINATION ${package_dir})

# --- everything else. The program keeps the paths of libraries that do not lie where the system looks.
set_target_properties(moesaic PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS moesaic RUNTIME DESTINATION bin)
install(FILES firmware/image.h DESTINATION include/moesaic)
install(DIRECTORY firmware/sdk firmware/lib DESTINATION include/moesaic FILES_MATCHING PATTERN "*.h")
install(DIRECTORY platforms firmware/template DESTINATION share/moesaic)
install(FILES README.md LICENSE DESTINATION share/doc/moesaic)
install(DIRECTORY docs DESTINATION share/doc/moesaic)
