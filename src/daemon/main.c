#include "daemon.h"

int main(int argc, char **argv)
{
	return sl_cli_main(argc, argv, &sl_command_serve, 1);
}
