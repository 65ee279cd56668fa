# sluice_room(NAME SOURCES a.c b.c [DEPENDS core ...] [USES sys ...] [LIBRARIES PkgConfig::GIT2])
#
# One room (a folder under src/) is one static library.  Its door is
# include/sluice/NAME.h, or include/sluice/NAME/*.h where it has several concepts;
# headers beside the sources are private to the room.
#   DEPENDS  rooms whose types appear in this room's door
#   USES     rooms that only the sources use
# The law is real in both directions:
#   - a room sees only its own door and the doors of the rooms it lists (and what those doors
#     include: tests/lint refuses a direct #include of a door that is not listed);
#   - law_NAME reads the symbol tables: every sl_ name that the room leaves undefined must be
#     defined by a room that it lists itself, so a wrong call does not build, however it is declared.
function(sluice_door name)
	set(door ${CMAKE_BINARY_DIR}/doors/${name}/sluice)
	file(MAKE_DIRECTORY ${door})
	foreach(entry ${name}.h ${name})
		if(EXISTS ${PROJECT_SOURCE_DIR}/include/sluice/${entry})
			file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/sluice/${entry} ${door}/${entry} SYMBOLIC)
		endif()
	endforeach()
endfunction()

function(sluice_law name)
	set(archives)
	foreach(room ${ARGN})
		list(APPEND archives $<TARGET_FILE:${room}>)
	endforeach()
	set(kept ${CMAKE_BINARY_DIR}/law/${name})
	add_custom_command(OUTPUT ${kept}
		COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DNAME=${name} -DROOM=$<TARGET_FILE:sluice_${name}>
			"-DLISTED=${archives}" -DKEPT=${kept} -P ${PROJECT_SOURCE_DIR}/cmake/law.cmake
		DEPENDS sluice_${name} ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/law.cmake
		COMMENT "Law of ${name}" VERBATIM)
	add_custom_target(law_${name} ALL DEPENDS ${kept})
endfunction()

function(sluice_room name)
	cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;USES;LIBRARIES" ${ARGN})
	list(TRANSFORM arg_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
	list(TRANSFORM arg_DEPENDS PREPEND sluice_)
	list(TRANSFORM arg_USES PREPEND sluice_)
	sluice_door(${name})
	add_library(sluice_${name} STATIC ${arg_SOURCES})
	target_include_directories(sluice_${name} PUBLIC ${CMAKE_BINARY_DIR}/doors/${name})
	target_link_libraries(sluice_${name}
		PUBLIC ${arg_DEPENDS}
		PRIVATE ${arg_USES} sluice_flags ${arg_LIBRARIES})
	sluice_law(${name} ${arg_DEPENDS} ${arg_USES})
endfunction()
