sluice_test(git unit/git_test.c ROOMS git core sys)
