sluice_test(policy_approval unit/policy_approval_test.c ROOMS policy config expr model core)
sluice_test(policy_workspace unit/policy_workspace_test.c ROOMS policy review config expr model core)
