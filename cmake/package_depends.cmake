# Read by cpack: dependencies of a program that loads libraries later come from the same program with all of them linked
# (docs/design/startup.md).
set(place ${CPACK_TOPLEVEL_DIRECTORY}/depends)
file(WRITE ${place}/debian/control "Source: sluice\n\nPackage: sluice\nArchitecture: any\n")
execute_process(COMMAND dpkg-shlibdeps -O ${CPACK_SLUICE_LINKED} WORKING_DIRECTORY ${place}
	OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "^shlibs:Depends=|\n$" "" depends "${said}")
set(CPACK_DEBIAN_PACKAGE_DEPENDS "${depends}, ${CPACK_DEBIAN_PACKAGE_DEPENDS}")
