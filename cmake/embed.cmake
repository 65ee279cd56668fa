# Files inside the binary.  As a module:
#   sluice_embed(OUT c_file FUNCTION sl_web_file HEADER files.h FILES a.html b.css)
# adds a build step that writes c_file, which defines
#   const char *FUNCTION(const char *name)     the text of the file of that base name, or NULL
# as HEADER (a header of the room) declares it.  The same file is the script of that step.
if(CMAKE_SCRIPT_MODE_FILE)
	set(text "#include \"${HEADER}\"\n\n#include <string.h>\n\n")
	set(rows "")
	set(n 0)
	foreach(path ${FILES})
		get_filename_component(name ${path} NAME)
		file(READ ${path} hex HEX)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
		string(REGEX REPLACE "(0x0a,)" "\\1\n\t" bytes "${bytes}")
		string(APPEND text "static const unsigned char file_${n}[] = {\n\t${bytes}0\n};\n\n")
		string(APPEND rows "\t{ \"${name}\", file_${n} },\n")
		math(EXPR n "${n} + 1")
	endforeach()
	string(APPEND text "static const struct {\n\tconst char *name;\n\tconst unsigned char *text;\n} files[] = {\n${rows}};\n\n"
		"const char *${FUNCTION}(const char *name)\n{\n\tfor (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {\n"
		"\t\tif (strcmp(files[i].name, name) == 0)\n\t\t\treturn (const char *)files[i].text;\n\t}\n\treturn NULL;\n}\n")
	file(WRITE ${OUT} "${text}")
	return()
endif()

function(sluice_embed)
	cmake_parse_arguments(arg "" "OUT;FUNCTION;HEADER" "FILES" ${ARGN})
	list(TRANSFORM arg_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
	add_custom_command(OUTPUT ${arg_OUT}
		COMMAND ${CMAKE_COMMAND} -DOUT=${arg_OUT} -DFUNCTION=${arg_FUNCTION} -DHEADER=${arg_HEADER}
			"-DFILES=${arg_FILES}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
		DEPENDS ${arg_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
		COMMENT "Embedding for ${arg_FUNCTION}" VERBATIM)
endfunction()
