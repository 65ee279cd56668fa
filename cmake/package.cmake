# What is installed, and the Debian package of it: cmake --build build/release --target package
set(made ${CMAKE_BINARY_DIR}/package)
add_custom_command(OUTPUT ${made}.stamp
	COMMAND ${PROJECT_SOURCE_DIR}/cmake/package_files.sh $<TARGET_FILE:sluice> ${PROJECT_SOURCE_DIR} ${made}
	COMMAND ${CMAKE_COMMAND} -E touch ${made}.stamp
	DEPENDS sluice cmake/package_files.sh deploy/debian/changelog CHANGELOG.md
	COMMENT "Manual pages and completion" VERBATIM)
add_custom_target(manual ALL DEPENDS ${made}.stamp)

set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(TARGETS sluice RUNTIME DESTINATION bin)
install(DIRECTORY ${made}/man/ DESTINATION share/man)
install(FILES ${made}/completion/bash DESTINATION share/bash-completion/completions RENAME sluice)
install(FILES ${made}/completion/zsh DESTINATION share/zsh/vendor-completions RENAME _sluice)
install(FILES ${made}/completion/fish DESTINATION share/fish/vendor_completions.d RENAME sluice.fish)
install(FILES deploy/systemd/sluice.service DESTINATION /lib/systemd/system)
install(FILES deploy/systemd/sluice.preset DESTINATION /lib/systemd/system-preset RENAME 80-sluice.preset)
install(FILES deploy/systemd/sluice.sysusers DESTINATION lib/sysusers.d RENAME sluice.conf)
install(FILES deploy/systemd/sluice.tmpfiles DESTINATION lib/tmpfiles.d RENAME sluice.conf)
install(FILES deploy/debian/sluice.yaml DESTINATION /etc/sluice)
install(FILES deploy/debian/copyright ${made}/changelog.gz ${made}/CHANGELOG.md.gz DESTINATION share/doc/sluice)
install(FILES deploy/systemd/local.conf deploy/debian/sluice.yaml DESTINATION share/doc/sluice/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VENDOR Sluice)
set(CPACK_PACKAGE_CONTACT "Sluice maintainers <maintainers@sluice.example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gate for changes of database schemas and data")
set(CPACK_PACKAGE_DESCRIPTION
"Sluice watches Git repositories, treats the migration files of a branch as
a change, reviews their SQL, and applies the change, once it is merged and
approved, to every target database in the order of the environments.
.
This package has the daemon with its systemd unit, and the same program as
a command line tool.")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
if(SLUICE_LAZY)
	add_executable(sluice_linked ${PROJECT_SOURCE_DIR}/src/daemon/main.c)
	target_link_libraries(sluice_linked PRIVATE sluice_daemon sluice_flags)
	add_dependencies(manual sluice_linked) # what a package needs beside the program
	set(CPACK_SLUICE_LINKED ${CMAKE_BINARY_DIR}/sluice_linked)
	set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/package_depends.cmake)
else()
	set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_PACKAGE_DEPENDS
	"systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS git)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA)
foreach(script conffiles postinst prerm postrm)
	list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/deploy/debian/${script})
endforeach()
include(CPack)
