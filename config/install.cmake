# What is installed beside the programs.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/config/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/cresset
  FILES_MATCHING PATTERN "*.json")
