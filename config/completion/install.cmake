# Completion of the command line, where bash-completion looks for it.
install(FILES ${CMAKE_SOURCE_DIR}/config/completion/cresset DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
