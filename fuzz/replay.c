/* Stands in for libFuzzer: runs every file of the folders it is given through the target once. */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);
	size_t size;

	if (!file || !data)
		return false;
	size = fread(data, 1, 1 << 20, file);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	return fclose(file) == 0;
}

static unsigned replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];
	unsigned count = 0;

	while (dir && (entry = readdir(dir)) != NULL) {
		int len = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

		if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(path))
			count += replay(path);
	}
	if (dir)
		(void)closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++)
		count += replay_folder(argv[i]);
	printf("%u inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
