sluice_test(rollout unit/rollout_test.c ROOMS rollout model core)
sluice_test(rollout_plan unit/rollout_plan_test.c ROOMS rollout model core)
sluice_test(rollout_next unit/rollout_next_test.c ROOMS rollout model core)
