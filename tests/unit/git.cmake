sluice_test(git unit/git_test.c ROOMS git core sys)
sluice_test(git_mirror unit/git_mirror_test.c ROOMS git core sys)
sluice_test(git_fake unit/git_fake_test.c ROOMS git core)
