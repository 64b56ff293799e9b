# Manual pages.
foreach(page cresset.1 cresset.yaml.5 cressetd.8)
  string(REGEX REPLACE ".*\\." "" section ${page})
  install(FILES ${CMAKE_SOURCE_DIR}/config/man/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
