# What is installed beside the programs.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/config/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/cresset
  FILES_MATCHING PATTERN "*.json")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/config/boards DESTINATION ${CMAKE_INSTALL_DATADIR}/cresset
  FILES_MATCHING PATTERN "*.yaml")
install(FILES ${CMAKE_SOURCE_DIR}/config/cresset.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/cresset)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/config/mosquitto DESTINATION ${CMAKE_INSTALL_DOCDIR})

# systemd looks into lib/ below /usr and /usr/local, whatever the directory of libraries is called here.
configure_file(${CMAKE_SOURCE_DIR}/config/systemd/cresset.service.in ${CMAKE_BINARY_DIR}/cresset.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cresset.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/config/systemd/cresset.sysusers DESTINATION lib/sysusers.d RENAME cresset.conf)
install(FILES ${CMAKE_SOURCE_DIR}/config/udev/cresset.rules DESTINATION lib/udev/rules.d RENAME 70-cresset.rules)

include(config/man/install.cmake)
include(config/completion/install.cmake)
