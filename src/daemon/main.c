#include "daemon.h"

#include "sluice/engine.h"

int main(int argc, char **argv)
{
	sl_engine_prepare();
	return sl_cli_main(argc, argv, &sl_command_serve, 1);
}
