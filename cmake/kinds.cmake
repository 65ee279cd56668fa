# Kinds of build: what the presets choose between, beside the compiler and its optimisation.
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, such as address,undefined")
option(SLUICE_COVERAGE "Count executed lines" OFF)

# Asserts guard what must never be: they stay in every build.
foreach(kind RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${kind} "${CMAKE_C_FLAGS_${kind}}")
endforeach()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
	set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(SLUICE_SANITIZE)
	add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${SLUICE_SANITIZE})
else()
	add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=3>)
endif()
if(SLUICE_COVERAGE)
	add_compile_options(--coverage)
	add_link_options(--coverage)
endif()
